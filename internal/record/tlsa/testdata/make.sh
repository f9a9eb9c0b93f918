#!/bin/sh
# Makes chain.pem, what a server presents: its own certificate, an intermediate, a root; and openssl.txt, the TLSA data of
# each by openssl: a line is "certificate selector matching data". Run once; the results are kept.
set -e
cd "$(dirname "$0")"
t=$(mktemp -d)
for n in root intermediate leaf; do openssl ecparam -name prime256v1 -genkey -noout -out "$t/$n.key"; done
openssl req -x509 -new -key "$t/root.key" -subj "/CN=vector root" -days 18262 -out "$t/root.pem" \
  -addext "basicConstraints=critical,CA:TRUE" -addext "keyUsage=critical,keyCertSign"
sign() { openssl req -new -key "$t/$1.key" -subj "/CN=$3" | openssl x509 -req -CA "$t/$2.pem" -CAkey "$t/$2.key" -CAcreateserial -days "$4" -extfile "$t/ext" -out "$t/$1.pem"; }
printf 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n' >"$t/ext"
sign intermediate root "vector intermediate" 18262
printf 'subjectAltName=DNS:mx1.example.com\nextendedKeyUsage=serverAuth\n' >"$t/ext"
sign leaf intermediate mx1.example.com 365
cat "$t/leaf.pem" "$t/intermediate.pem" "$t/root.pem" >chain.pem
: >openssl.txt
for n in leaf intermediate root; do
  openssl x509 -in "$t/$n.pem" -outform DER >"$t/0"
  openssl x509 -in "$t/$n.pem" -noout -pubkey | openssl pkey -pubin -outform DER >"$t/1"
  for s in 0 1; do
    echo "$n $s 0 $(od -An -v -tx1 <"$t/$s" | tr -d ' \n')" >>openssl.txt
    echo "$n $s 1 $(openssl dgst -sha256 -r <"$t/$s" | cut -d' ' -f1)" >>openssl.txt
    echo "$n $s 2 $(openssl dgst -sha512 -r <"$t/$s" | cut -d' ' -f1)" >>openssl.txt
  done
done
rm -r "$t"
