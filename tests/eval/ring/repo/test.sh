#!/bin/sh
set -eu
program=$(mktemp)
trap 'rm -f "$program"' EXIT
cc -Wall -Werror -O1 -fsanitize=undefined -fno-sanitize-recover -o "$program" ring.c test.c
"$program"
