# The program, the roots of trust for TLS, the licences, and nothing else. `make container` puts them together and builds this.
FROM scratch
COPY ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY LICENSE THIRD-PARTY /
COPY mailaudit /mailaudit
USER 65534:65534
ENTRYPOINT ["/mailaudit"]
