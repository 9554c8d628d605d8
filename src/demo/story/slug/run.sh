#!/bin/sh
# Checks bin/slug: one line for each title; ends with the number of failures.
cd "$(dirname "$0")/.." || exit 1
failed=0
check() {
    got=$(printf '%s\n' "$1" | sh bin/slug)
    if [ "$got" = "$2" ]; then
        echo "ok    $1"
    else
        echo "FAIL  $1: '$got' should be '$2'"
        failed=$((failed + 1))
    fi
}
check 'Hello World' 'hello-world'
check 'Release 1.2' 'release-1-2'
check 'Hello, World!' 'hello-world'
check '(draft) Notes' 'draft-notes'
exit "$failed"
