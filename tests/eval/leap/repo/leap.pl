#!/usr/bin/perl
use strict;
use warnings;

my ($year) = @ARGV;
die "usage: leap.pl YEAR\n" unless defined $year && $year =~ /^[0-9]+$/;
print $year % 4 == 0 ? "yes\n" : "no\n";
