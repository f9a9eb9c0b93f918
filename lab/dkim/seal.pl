#!/usr/bin/perl
# Seals a message by Mail::DKIM: seal.pl SELECTOR DOMAIN KEYFILE AUTHSERV-ID < message.
use strict;
use warnings;
use Mail::DKIM::ARC::Signer;

my ( $selector, $domain, $key, $server ) = @ARGV;
my $text = do { local $/; <STDIN> };
my $arc  = Mail::DKIM::ARC::Signer->new(
    Algorithm => 'rsa-sha256', Chain   => $text =~ /^ARC-Seal:/mi ? 'pass' : 'none',
    Domain    => $domain,      KeyFile => $key, Selector => $selector, SrvId => $server,
    Headers   => 'from:to:subject:date:message-id',
);
$arc->PRINT($text);
$arc->CLOSE;
die $arc->{details} || 'not sealed', "\n" unless $arc->result eq 'sealed';
print join( "\r\n", $arc->as_strings ), "\r\n", $text;
