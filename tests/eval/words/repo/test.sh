#!/bin/sh
# Builds the program and says what it counts wrong.
set -eu
program=$(mktemp)
trap 'rm -f "$program"' EXIT
cc -Wall -Werror -o "$program" words.c
failed=0
expect() {
    got=$(printf "$1" | "$program")
    if [ "$got" != "$2" ]; then echo "'$1': $got, not $2"; failed=1; fi
}
expect 'one' 1
expect 'a b' 2
expect 'a  b' 2
expect ' a\tb\n' 2
expect '' 0
exit $failed
