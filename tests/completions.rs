//! The completions, asked for by the shells that they are for.
//!
//! bash is everywhere; zsh and fish are judges that may be missing.

mod judges;
mod program;

use std::process::Command;

use judges::{FISH, ZSH};
use program::wordhash;

const PROGRAM: &str = env!("CARGO_BIN_EXE_wordhash");

/// The lines that a shell writes with these arguments, which must be nothing but offers.
#[track_caller]
fn offers_of(mut shell: Command, arguments: &[&str]) -> Vec<String> {
    let output = shell.args(arguments).env("PROGRAM", PROGRAM).output().expect("it can be run");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{shell:?}: {said}");
    let offers = String::from_utf8(output.stdout).expect("text");
    offers.lines().map(str::to_owned).collect()
}

/// What all shells must complete alike: a command line and what is offered for its last word.
const LINES: [(&str, &[&str]); 9] = [
    ("wordhash sw", &["sweep"]),
    ("wordhash sh", &["show"]),
    ("wordhash show --format m", &["markdown"]),
    ("wordhash compl", &["completions"]),
    ("wordhash digest --verif", &["--verify"]),
    ("wordhash check --kn", &["--known"]),
    ("wordhash check --format m", &["marked"]),
    ("wordhash --ser", &["--serial"]),
    ("wordhash sweep --order b", &["blocked"]),
];

/// The script for fish offers nothing behind the list.
const BEHIND_THE_LIST: (&str, &[&str]) = ("wordhash words.txt --ser", &["--serial"]);

#[test]
fn bash_completes_commands_options_and_values() {
    let script = r#"
        set -u
        source <("$PROGRAM" completions bash)
        COMP_WORDS=($1); COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        function=$(complete -p wordhash | sed 's/.*-F \([^ ]*\).*/\1/')
        "$function" wordhash "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        printf '%s\n' "${COMPREPLY[@]}"
    "#;
    let more = [
        ("wordhash co", &["compare", "completions"][..]),
        ("wordhash completions z", &["zsh"]),
        BEHIND_THE_LIST,
    ];
    for (line, offers) in LINES.into_iter().chain(more) {
        let found = offers_of(Command::new("bash"), &["--norc", "-c", script, "bash", line]);
        assert_eq!(found, offers, "{line}");
    }
}

#[test]
fn fish_completes_commands_options_and_values() {
    let script = r"
        $PROGRAM completions fish | source
        complete -C $argv[1] | string replace -r '\t.*' ''
        true # which `string` is only where it has replaced something
    ";
    for (line, offers) in LINES {
        let Some(fish) = FISH.command() else { return };
        let found = offers_of(fish, &["--no-config", "-c", script, line]);
        assert_eq!(found, offers, "{line}");
    }
}

/// What zsh does when it starts: takes the completions from the folder that it is started with, and
/// writes down what they offer before it offers it.
const ZSHRC: &str = r#"
PS1=
fpath=($ZDOTDIR $fpath)
autoload -Uz compinit; compinit -u -D
bindkey '^I' complete-word
compadd() {
    # With one of these it fills arrays and offers nothing.
    if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then builtin compadd "$@"; return; fi
    local -a offers; builtin compadd -A offers "$@"; print -rl -- $offers >>$ZDOTDIR/offers
    builtin compadd "$@"
}
zle-line-init() { print -n ready }
zle -N zle-line-init
"#;

/// zsh completes at a terminal only: a zsh at a terminal of its own, driven by another.
const ZSH_AT_A_TERMINAL: &str = r#"
zmodload zsh/zpty
export ZDOTDIR=$1 TERM=dumb
zpty shell zsh -i
zpty -r shell said '*ready*'
# Tab; the line is thrown away then.
zpty -w -n shell $2$'\t\x15exit\n'
while zpty -r shell more; do said+=$more; done
if [[ -e $1/offers ]]; then sort -u $1/offers; else print -r -- "nothing: $said"; fi
"#;

#[test]
fn zsh_completes_commands_options_and_values() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().to_str().expect("a path that is text");
    let script = wordhash(&["completions", "zsh"]).succeeds_quietly().stdout;
    std::fs::write(folder.path().join("_wordhash"), script).expect("a file");
    std::fs::write(folder.path().join(".zshrc"), ZSHRC).expect("a file");
    for (line, offers) in LINES.into_iter().chain([BEHIND_THE_LIST]) {
        let arguments = ["-f", "-c", ZSH_AT_A_TERMINAL, "zsh", path, line];
        let Some(zsh) = ZSH.command() else { return };
        let found = offers_of(zsh, &arguments);
        assert_eq!(found, offers, "{line}");
        std::fs::remove_file(folder.path().join("offers")).expect("what it offered");
    }
}

#[test]
fn every_shell_has_its_script() {
    for (shell, part) in [
        ("bash", "complete -F"),
        ("zsh", "#compdef wordhash"),
        ("fish", "complete -c wordhash"),
        ("powershell", "Register-ArgumentCompleter"),
    ] {
        let text = wordhash(&["completions", shell]).succeeds_quietly().text();
        assert!(text.contains(part) && text.contains("digest"), "{shell}\n{text}");
    }
    wordhash(&["completions", "cmd"]).fails_saying(&["'cmd'", "bash"]);
}
