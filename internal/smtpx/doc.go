// Package smtpx finds out what one SMTP service does, short of mail: what it greets with and offers (RFC 5321), whether
// and how it speaks TLS, either from the first octet (RFC 8314 3.3) or after STARTTLS (RFC 3207), with which
// certificate, and when it offers AUTH (RFC 4954).
//
// A session is a greeting, then commands and replies. A reply is one or more lines of a three-digit code and text,
// with "-" between the two on all lines but the last (RFC 5321 4.2.1):
//
//	S: 220 mail.example ESMTP
//	C: EHLO client.example
//	S: 250-mail.example
//	S: 250-STARTTLS
//	S: 250 AUTH PLAIN
//
// STARTTLS turns the connection into TLS once the server has said 220. Both sides forget what was said before, so EHLO
// is sent again, and nothing that came in the clear may be taken for what TLS protects (RFC 3207 4.2).
//
// The probe is one connection, sends EHLO, STARTTLS and QUIT, and judges nothing: it says what it saw, and whether it saw
// the end of it. Where it is told to it asks, besides, about envelopes by MAIL, RCPT, RSET and VRFY. It never sends DATA and
// never logs in. It is bounded in octets, lines, certificates and time.
package smtpx
