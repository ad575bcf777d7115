#!/bin/sh
# Did it get slower? The commands of README.md beside this file, for any CI and any shell.
#
#   smbsign-ci.sh ab OLD NEW [OPTION…]         two builds, turn by turn on this machine
#   smbsign-ci.sh record DIR BUILD [OPTION…]   runs of a build, kept in DIR
#   smbsign-ci.sh compare DIR BUILD [OPTION…]  runs of a build, compared with those in DIR
#   smbsign-ci.sh build BUILD                  prints where the build's executable is
#   smbsign-ci.sh post PULL_REQUEST            the last comparison as a comment, with the `gh` command
#
# OLD, NEW and BUILD are an executable, a commit of this checkout, or `.` for the checkout as it is. Options go to
# `smbsign ab` and `smbsign run`. The exit code is smbsign's: 0 nothing regressed, 1 regressed, 2 an error, 3 undecided,
# 4 the machines differ.
#
# SMBSIGN_CI_DIR (target/smbsign-ci) takes the results; SMBSIGN_CI_RUNS (3) is how many runs a side has; `compare` takes its
# own options, for instance `--fail-on regressed`, from SMBSIGN_CI_COMPARE.
set -eu

results=${SMBSIGN_CI_DIR:-target/smbsign-ci}
runs=${SMBSIGN_CI_RUNS:-3}

fail() {
    echo "smbsign-ci: $*" >&2
    exit 2
}

# Prints where the executable is, built if need be.
build() {
    if [ -f "$1" ] && [ -x "$1" ]; then
        (cd "$(dirname "$1")" && printf '%s/%s\n' "$PWD" "$(basename "$1")")
        return
    fi
    mkdir -p "$results/builds"
    if [ "$1" = . ]; then
        name=checkout
        compile . "$name"
    else
        name=$(git rev-parse --verify --quiet "$1^{commit}") ||
            fail "$1 is no executable, and no commit of this checkout (is it a shallow one?)"
        source=$results/source
        git worktree remove --force "$source" 2>/dev/null || true
        git worktree add --quiet --force --detach "$source" "$name"
        compile "$source" "$name"
        git worktree remove --force "$source"
    fi
    (cd "$results/builds" && printf '%s/%s\n' "$PWD" "$name")
}

# Sources in $1, kept as $2; all share one target directory, so that dependencies are compiled once.
compile() {
    cargo build --release --locked --package smbsign --manifest-path "$1/Cargo.toml" \
        --target-dir "${CARGO_TARGET_DIR:-target}" >&2 || fail "$2 does not build"
    cp -f "${CARGO_TARGET_DIR:-target}/release/smbsign" "$results/builds/$2"
}

ab() {
    old=$(build "$1")
    new=$(build "$2")
    shift 2
    code=0
    rm -f "$results/comment.md"
    "$new" ab "$old" "$new" --format markdown --output "$results/comment.md" --record "$results/ab" "$@" || code=$?
    conclude "$code"
}

record() {
    directory=$1
    smbsign=$(build "$2")
    shift 2
    for run in $(seq "$runs"); do
        echo "run $run of $runs" >&2
        "$smbsign" run --record "$directory" --output "$results/run.txt" "$@" || return
    done
}

compare() {
    base=$1
    [ -d "$base" ] || fail "$base: no runs are kept there; make them with smbsign-ci.sh record"
    shift
    rm -rf "$results/runs" "$results/comment.md"
    record "$results/runs" "$@"
    "$smbsign" report "$results/runs" --format bmf --output "$results/bencher.json"
    "$smbsign" report "$results/runs" --format github-action-benchmark \
        --output "$results/github-action-benchmark.json"
    code=0
    # shellcheck disable=SC2086 # options are words
    "$smbsign" compare "$base" "$results/runs" --format markdown --output "$results/comment.md" \
        ${SMBSIGN_CI_COMPARE:-} || code=$?
    conclude "$code"
}

# Shows the comparison where people look, and ends with its exit code.
conclude() {
    if [ -s "$results/comment.md" ]; then
        cat "$results/comment.md"
        if [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then
            cat "$results/comment.md" >>"$GITHUB_STEP_SUMMARY"
        fi
    fi
    exit "$1"
}

post() {
    gh pr comment "$1" --edit-last --create-if-none --body-file "$results/comment.md"
}

[ $# -ge 2 ] || fail "which command, and on what? The first lines of $0 list them"
command=$1
shift
case $command in
    ab | record | compare) [ $# -ge 2 ] || fail "$command needs two arguments" ;;
    build | post) ;;
    *) fail "no command is called $command" ;;
esac
mkdir -p "$results"
"$command" "$@"
