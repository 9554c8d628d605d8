#!/bin/sh
set -eu
[ "$(echo Hello | perl rot13.pl)" = Uryyb ]
[ "$(echo Uryyb | perl rot13.pl)" = Hello ]
