#!/bin/sh
# Says which years are told wrong.
set -u
failed=0
expect() {
    got=$(perl leap.pl "$1")
    if [ "$got" != "$2" ]; then echo "$1: $got, not $2"; failed=1; fi
}
expect 2023 no
expect 2024 yes
expect 1900 no
expect 2000 yes
exit $failed
