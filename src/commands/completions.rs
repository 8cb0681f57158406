//! `wordhash completions`: the script by which a shell completes command lines.

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::{OutputError, Screen};
use crate::cli::{Cli, CompletionsArgs};

pub(super) fn run(arguments: &CompletionsArgs, screen: &mut Screen<'_>) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "wordhash", &mut script);
    if arguments.shell == Shell::Zsh {
        script = list_or_command(&String::from_utf8_lossy(&script)).into_bytes();
    }
    screen.out.write_all(&script).and_then(|()| screen.out.flush()).map_err(OutputError)?;
    Ok(())
}

/// The generator for zsh expects the command behind the list, `wordhash words.txt sweep`, and so
/// completes nothing at all behind a command. A command is the first word, or there is none and
/// the list may be anywhere.
fn list_or_command(script: &str) -> String {
    const DECLARED: &str = "    local context curcontext=\"$curcontext\" state line\n";
    const EXPECTED: &str = "\":: :_wordhash_commands\" \\\n\"*::: :->wordhash\" \\\n";
    const DECIDED: &str = r"    local -a operands
    if (( CURRENT == 2 || $+functions[_wordhash__subcmd__${words[2]}_commands] )); then
        operands=('::command or word list:{_wordhash_commands; _files}' '*::: :->wordhash')
    else
        operands=('::word list:_files')
    fi
";
    let Some((before, after)) = script.split_once(EXPECTED) else { return script.to_owned() };
    // The line above is that of the list.
    let list = before.trim_end().rfind('\n').map_or(0, |end| end + 1);
    [&before[..list], "\"${operands[@]}\" \\\n", after]
        .concat()
        .replacen(DECLARED, &[DECLARED, DECIDED].concat(), 1)
        .replace("$line[2]", "$line[1]")
}
