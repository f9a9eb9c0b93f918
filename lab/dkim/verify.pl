#!/usr/bin/perl
# What Mail::DKIM says of messages, as verify.py.
use strict;
use warnings;
use JSON::PP;
use MIME::Base64;
use Mail::DKIM::Verifier;
use Mail::DKIM::ARC::Verifier;
use Mail::DKIM::DNS;

my $keys;
{
    no warnings 'redefine';
    *Mail::DKIM::DNS::query = sub {
        my $record = $keys->{ lc $_[0] } or return;
        return bless \$record, 'Record';
    };
}

my @out;
for my $case ( @{ decode_json( do { local $/; <STDIN> } ) } ) {
    $keys = $case->{keys};
    my $text = decode_base64( $case->{text} );
    $text =~ s/\r?\n/\r\n/g;
    my ( $dkim, $arc, @dkim ) = ( Mail::DKIM::Verifier->new, Mail::DKIM::ARC::Verifier->new );
    eval { $dkim->PRINT($text); $dkim->CLOSE; @dkim = map { $_->result eq 'pass' ? JSON::PP::true : JSON::PP::false } $dkim->signatures };
    eval { $arc->PRINT($text); $arc->CLOSE };
    my $result = $arc->result || 'fail';
    push @out, { dkim => \@dkim, arc => $result eq 'pass' || $result eq 'none' ? $result : 'fail' };
}
print encode_json( \@out );

package Record;
sub type          { 'TXT' }
sub txtdata       { ${ $_[0] } }
sub char_str_list { ${ $_[0] } }
