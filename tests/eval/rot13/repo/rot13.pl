#!/usr/bin/perl
use strict;
use warnings;

while (my $line = <STDIN>) {
    $line =~ tr/a-z/n-za-m/;
    print $line;
}
