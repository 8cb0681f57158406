#!/usr/bin/env bash
# MPI runs over several hosts, on one machine: each host is a network namespace with an address and
# a host name of its own, so that ranks talk by TCP and names are real. The last run loses a host.
#
#   scripts/mpi_hosts.sh [WORDHASH]      default: target/release/wordhash, built with --features mpi
#
# Ends with 77 where this system has no Open MPI or allows no namespaces.
set -euo pipefail
cd "$(dirname "$0")/.."
wordhash=$(realpath "${1:-target/release/wordhash}")
hosts=(node1 node2 node3)
net=10.77.0
prefix=wh$$
folder=$(mktemp -d)
limit=30

skip() { echo "skipped: $*"; exit 77; }

cleanup() {
    for name in "${hosts[@]}"; do
        ip netns pids "$prefix-$name" 2>/dev/null | xargs -r kill -9 2>/dev/null || true
        ip netns del "$prefix-$name" 2>/dev/null || true
    done
    ip netns del "$prefix-net" 2>/dev/null || true
    rm -rf "$folder" /tmp/ompi.node[123].*
}
trap cleanup EXIT

command -v mpirun >/dev/null || skip "no mpirun (Debian: openmpi-bin)"
command -v ip >/dev/null || skip "no ip (Debian: iproute2)"
ip netns add "$prefix-net" 2>/dev/null || skip "no network namespaces here"
unshare --uts true 2>/dev/null || skip "no UTS namespaces here"
ip -n "$prefix-net" link add bridge type bridge 2>/dev/null || skip "no network bridges here"
ip -n "$prefix-net" link set bridge up
number=0
for name in "${hosts[@]}"; do
    number=$((number + 1))
    space=$prefix-$name
    ip netns add "$space"
    ip -n "$space" link add eth0 type veth peer name "$name" netns "$prefix-net"
    ip -n "$prefix-net" link set "$name" master bridge up
    ip -n "$space" address add "$net.$number/24" dev eth0
    ip -n "$space" link set eth0 up
    ip -n "$space" link set lo up
done

# What mpirun takes for ssh: enters a host, which it knows by its address.
cat > "$folder/agent" <<AGENT
#!/bin/sh
while [ "\${1#-}" != "\$1" ]; do shift; done
name=node\${1#$net.}
shift
exec ip netns exec "$prefix-\$name" unshare --uts sh -c "hostname \$name; exec setsid sh -c '\$*'"
AGENT
chmod +x "$folder/agent"

export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
# Two ranks on the first host, where mpirun is, and one on each of the others.
across() {
    ip netns exec "$prefix-node1" unshare --uts sh -c 'hostname node1; exec "$@"' - \
        mpirun --host "$net.1:2,$net.2:1,$net.3:1" -n 4 --bind-to none --oversubscribe \
        --mca plm_rsh_agent "$folder/agent" --mca pml ob1 --mca btl tcp,self \
        --mca btl_tcp_if_include "$net.0/24" --mca oob_tcp_if_include "$net.0/24" "$@"
}

facts() { python3 -c 'import json, sys
saved = json.load(sys.stdin)
hosts = sorted({(rank["rank"], rank["host"]) for rank in saved["results"][-1]["processes"]})
print(*(saved["input"][name] for name in ("words", "distinct", "checksum")))
print(*(host for _, host in hosts))'; }

"$wordhash" generate > "$folder/words.txt"
once=(sweep --quiet --runs 1 --warmup 0 --format json -c 500,even)
expected=$("$wordhash" "${once[@]}" --backend serial "$folder/words.txt" | facts)
# The first line. Not by `head`, which may be gone before the second one is written.
expected=${expected%%$'\n'*}
echo "one process:               $expected"
for way in file distribute; do
    case $way in
        file) found=$(across "$wordhash" "${once[@]}" --backend mpi "$folder/words.txt" | facts) ;;
        distribute)
            found=$(across "$wordhash" "${once[@]}" --no-serial --backend mpi -w 2 --distribute - \
                < "$folder/words.txt" | facts) ;;
    esac
    printf '%-26s %s\n' "four ranks, $way:" "$(head -1 <<< "$found")"
    [ "$found" = "$expected
node1 node1 node2 node3" ] || { echo "wrong: $found"; exit 1; }
done

# The processes of this name, or all, on all hosts.
processes() {
    for name in "${hosts[@]}"; do ip netns pids "$prefix-$name"; done |
        xargs -r ps -o pid=,time=,comm= -p | awk -v name="$1" 'name == "" || $3 == name'
}

# A run that takes an hour, and a host that is cut off from the others in the middle of it: its
# ranks and all others must end, and mpirun too, where it looks after its connections.
#   lose HOST NAME-OF-PROCESSES OPTIONS-OF-MPIRUN...
lose() {
    local lost=$1 whose=$2 run status=0
    shift 2
    across "$@" "$wordhash" --quiet --backend mpi --timeout 5 --rounds 200000 -c 100 \
        "$folder/words.txt" > "$folder/out" 2>&1 &
    run=$!
    for _ in $(seq 200); do
        [ "$(processes wordhash | awk '$2 > "00:00:00"' | wc -l)" = 4 ] && break
        sleep 0.2
    done
    ip -n "$prefix-net" link set "$lost" down
    SECONDS=0
    while [ -n "$(processes "$whose")" ]; do
        if [ $SECONDS -gt $limit ]; then
            cat "$folder/out"
            echo "wrong: $limit s after $lost was cut off there are still $(processes "$whose")"
            exit 1
        fi
        sleep 0.2
    done
    printf '%-26s ended after %s s: ' "$lost cut off, ${whose:-everything}" $SECONDS
    for name in "${hosts[@]}"; do ip netns pids "$prefix-$name" | xargs -r kill -9; done
    wait $run || status=$?
    grep -m1 -aE '^wordhash: nothing was heard|lost communication' "$folder/out" || {
        cat "$folder/out"
        exit 1
    }
    [ $status != 0 ] || { echo "wrong: exit status 0"; exit 1; }
    ip -n "$prefix-net" link set "$lost" up
    sleep 1
}
lose node2 wordhash
lose node1 wordhash
lose node2 "" --mca oob_tcp_keepalive_time 1 --mca oob_tcp_keepalive_intvl 1 --mca oob_tcp_keepalive_probes 2
