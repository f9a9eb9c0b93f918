package eml

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
)

// TestReceived reads the fields of the products in use, in the shapes that they write.
func TestReceived(t *testing.T) {
	for _, tt := range []struct{ name, field, want string }{
		{"Postfix", "from mail.shop.example (out.shop.example [198.51.100.25])\r\n\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits))\r\n\t(No client certificate requested)\r\n\tby mx.rcpt.example (Postfix) with ESMTPS id 4XyZ\r\n\tfor <a@rcpt.example>; Sun, 22 Nov 2026 10:00:00 +0000 (UTC)",
			"mail.shop.example out.shop.example 198.51.100.25 mx.rcpt.example ESMTPS"},
		{"Postfix without a name", "from mail.shop.example (unknown [198.51.100.25]) by mx.rcpt.example (Postfix) with ESMTP id 1; date", "mail.shop.example - 198.51.100.25 mx.rcpt.example ESMTP"},
		{"Postfix over IPv6", "from mail.shop.example (out.shop.example [IPv6:2001:db8::25]) by mx.rcpt.example (Postfix) with ESMTPS id 1; date", "mail.shop.example out.shop.example 2001:db8::25 mx.rcpt.example ESMTPS"},
		{"Postfix, submitted", "from [10.0.0.7] (dsl.isp.example [198.51.100.99]) (Authenticated sender: ann) by mail.shop.example (Postfix) with ESMTPSA id 1; date", "[10.0.0.7] dsl.isp.example 198.51.100.99 mail.shop.example ESMTPSA auth"},
		{"Postfix, told by its filter", "from localhost (localhost [127.0.0.1]) by mx.rcpt.example (Postfix) with ESMTP id 1; date", "localhost localhost 127.0.0.1 mx.rcpt.example ESMTP"},
		{"Postfix, by hand", "by web.shop.example (Postfix, from userid 33) id 4Xy; date", "no client web.shop.example -"},
		{"Sendmail", "from mail.shop.example (IDENT:root@out.shop.example [198.51.100.25] (may be forged)) by mx.rcpt.example (8.18.1/8.18.1) with ESMTPS id 1; date", "mail.shop.example out.shop.example 198.51.100.25 mx.rcpt.example ESMTPS"},
		{"Sendmail without a name", "from mail.shop.example ([198.51.100.25]) by mx.rcpt.example (8.18.1/8.18.1) with ESMTP id 1; date", "mail.shop.example - 198.51.100.25 mx.rcpt.example ESMTP"},
		{"Sendmail, by hand", "(from root@localhost) by web.shop.example (8.18.1/8.18.1/Submit) id 1; date", "no client web.shop.example -"},
		{"Exim", "from out.shop.example ([198.51.100.25]:51234 helo=mail.shop.example) by mx.rcpt.example with esmtps (TLS1.3) tls TLS_AES_256_GCM_SHA384 (Exim 4.98) (envelope-from <b@shop.example>) id 1; date", "mail.shop.example out.shop.example 198.51.100.25 mx.rcpt.example ESMTPS"},
		{"Exim, one name", "from mail.shop.example ([198.51.100.25]) by mx.rcpt.example with esmtps (Exim 4.98) id 1; date", "mail.shop.example mail.shop.example 198.51.100.25 mx.rcpt.example ESMTPS"},
		{"Exim without a name", "from [198.51.100.25] (helo=mail.shop.example) by mx.rcpt.example with smtp (Exim 4.98) id 1; date", "mail.shop.example - 198.51.100.25 mx.rcpt.example SMTP"},
		{"Exim, port inside", "from [198.51.100.25] (port=51234 helo=[10.0.0.1]) by mx.rcpt.example with esmtp (Exim 4.98) id 1; date", "[10.0.0.1] - 198.51.100.25 mx.rcpt.example ESMTP"},
		{"Exim, bare", "from [198.51.100.25] by mx.rcpt.example with smtp (Exim 4.98) id 1; date", "- - 198.51.100.25 mx.rcpt.example SMTP"},
		{"Gmail", "from mail.shop.example (out.shop.example. [198.51.100.25])\r\n        by mx.google.com with ESMTPS id x1si1\r\n        for <a@gmail.com>\r\n        (version=TLS1_3 cipher=TLS_AES_256_GCM_SHA384 bits=256/256);\r\n        Sun, 22 Nov 2026 02:00:00 -0800 (PST)", "mail.shop.example out.shop.example 198.51.100.25 mx.google.com ESMTPS"},
		{"Gmail, within", "by 2002:a05:6402:1234:b0:5ca:1 with SMTP id z1csp1; date", "no client 2002:a05:6402:1234:b0:5ca:1 SMTP"},
		{"Exchange", "from mail.shop.example (198.51.100.25) by AM7EUR06FT0.mail.protection.outlook.com (10.233.255.1) with Microsoft SMTP Server (version=TLS1_3, cipher=TLS_AES_256_GCM_SHA384) id 15.20.8158.14 via Frontend Transport; date", "mail.shop.example - 198.51.100.25 AM7EUR06FT0.mail.protection.outlook.com MICROSOFT"},
		{"qmail", "from unknown (HELO mail.shop.example) (198.51.100.25)\n  by mx.rcpt.example with SMTP; date", "mail.shop.example - 198.51.100.25 mx.rcpt.example SMTP"},
		{"qmail with a name", "from out.shop.example (HELO mail.shop.example) (ident@198.51.100.25) by 0 with SMTP; date", "mail.shop.example out.shop.example 198.51.100.25 0 SMTP"},
		{"qmail, one name", "from mail.shop.example (198.51.100.25) by mx.rcpt.example with SMTP; date", "mail.shop.example - 198.51.100.25 mx.rcpt.example SMTP"},
		{"qmail, by hand", "(qmail 1234 invoked by uid 89); 22 Nov 2026 10:00:00 -0000", "no client - -"},
		{"IronPort", "from out.shop.example (HELO mail.shop.example) ([198.51.100.25]) by esa1.rcpt.example with ESMTP/TLS/TLS_AES_256; date", "mail.shop.example out.shop.example 198.51.100.25 esa1.rcpt.example ESMTP/TLS/TLS_AES_256"},
		{"Yahoo", "from 198.51.100.25 (EHLO mail.shop.example) by atlas1.mail.ne1.yahoo.com with SMTPs; date", "mail.shop.example - 198.51.100.25 atlas1.mail.ne1.yahoo.com SMTPS"},
		{"Courier", "from mail.shop.example (out.shop.example [::ffff:198.51.100.25]) (TLS: TLSv1.3,256bits) by mx.rcpt.example with ESMTPS; date", "mail.shop.example out.shop.example 198.51.100.25 mx.rcpt.example ESMTPS"},
		{"MDaemon", "from mail.shop.example [198.51.100.25] by mx.rcpt.example (MDaemon PRO v24) with ESMTP id 1; date", "mail.shop.example - 198.51.100.25 mx.rcpt.example ESMTP"},
		{"Dovecot", "from mx.rcpt.example by imap.rcpt.example with LMTP id abc; date", "mx.rcpt.example - - imap.rcpt.example LMTP"},
		{"a name and its address in one", "from mail.shop.example (out.shop.example[198.51.100.25]) by mx.rcpt.example with SMTP; date", "mail.shop.example out.shop.example 198.51.100.25 mx.rcpt.example SMTP"},
		{"via", "from mail.shop.example ([198.51.100.25]) by web.rcpt.example via HTTP; date", "mail.shop.example - 198.51.100.25 web.rcpt.example HTTP"},
		{"a zone is none of ours", "from a (b [fe80::1%eth0]) by c with SMTP; date", "a b fe80::1%eth0 c SMTP"},
		{"nothing", "", "no client - -"},
		{"a comment that does not end", "from a (b [198.51.100.25] by c", "a b 198.51.100.25 - -"},
		{"no parts", "from", "no client - -"},
		{"by in the place of a name", "from by by c; date", "- - - by -"},
		{"a name without bounds", "from " + strings.Repeat("a", 256) + " (b [198.51.100.25]) by c with SMTP; date", "- b 198.51.100.25 c SMTP"},
		{"octets", "from a\xff (b\x01 [198.51.100.25]) by c with SMTP; date", "- - 198.51.100.25 c SMTP"},
		{"a bracket that is not closed", "from a (b [198.51.100.25) by c with SMTP; date", "a - - c SMTP"},
		{"quoted", `from "a;b (c" (d [198.51.100.25]) by e with SMTP; date`, "- d 198.51.100.25 e SMTP"},
		{"a backslash", `from a (b \) [198.51.100.25]) by c with SMTP; date`, "a b 198.51.100.25 c SMTP"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := received(field("Received: " + tt.field).Value)
			if got := words(r); got != tt.want {
				t.Errorf("\n%s, want\n%s", got, tt.want)
			}
		})
	}
}

func words(r Received) string {
	or := func(s string) string {
		if s == "" {
			return "-"
		}
		return s
	}
	ip := "-"
	if r.IP.IsValid() {
		ip = r.IP.String()
	}
	s := fmt.Sprintf("%s %s %s %s %s", or(r.HELO), or(r.RDNS), ip, or(r.By), or(r.With))
	if !r.Client {
		s = fmt.Sprintf("no client %s %s", or(r.By), or(r.With))
	}
	if r.auth {
		s += " auth"
	}
	return s
}

// lab has the documentation ranges stand for the Internet.
func lab(a netip.Addr) bool {
	return netip.MustParsePrefix("198.51.100.0/24").Contains(a) || netip.MustParsePrefix("203.0.113.0/24").Contains(a) || netip.MustParsePrefix("2001:db8::/32").Contains(a)
}

// The hops of TestTrace.
const (
	outside  = "from mail.shop.example (out.shop.example [198.51.100.25]) by mx.rcpt.example (Postfix) with ESMTPS id 1; date"
	forged   = "from mail.bank.example (mail.bank.example [203.0.113.66]) by mx.rcpt.example (Postfix) with ESMTPS id 2; date"
	filter   = "from localhost (localhost [127.0.0.1]) by mx.rcpt.example (Postfix) with ESMTP id 3; date"
	inner    = "from mx.rcpt.example (mx.rcpt.example [10.1.1.1]) by store.rcpt.example (Postfix) with ESMTPS id 4; date"
	ownHop   = "from mx.rcpt.example (mx.rcpt.example [203.0.113.1]) by store.rcpt.example (Postfix) with ESMTPS id 5; date"
	helo     = "from mx.rcpt.example (unknown [203.0.113.66]) by store.rcpt.example (Postfix) with ESMTPS id 6; date"
	loosely  = "from mail.bank.example (mx.rcpt.example [203.0.113.66] (may be forged)) by store.rcpt.example (8.18.1/8.18.1) with ESMTPS id 6; date"
	lmtp     = "from store.rcpt.example by imap.rcpt.example with LMTP id 7; date"
	submit   = "from [10.0.0.7] (dsl.isp.example [203.0.113.99]) by mail.shop.example (Postfix) with ESMTPSA id 8; date"
	nowhere  = "from mail.shop.example by mx.rcpt.example with ESMTP; date"
	gmailTop = "by 2002:a05:6402:1234:b0:5ca:1 with SMTP id z1; date"
	gmailOwn = "from mail-sor-f41.google.com (mail-sor-f41.google.com. [198.51.100.41]) by mx.google.com with SMTPS id 9; date"
	gmailIn  = "by mail-sor-f41.google.com with SMTPS id 10; date"
	ms1      = "from AS9PR05CA0001.eurprd05.prod.outlook.com (2001:db8:10a6::1) by AM0PR01MB1.eurprd01.prod.exchangelabs.com (2001:db8:10a6::2) with HTTPS; date"
	ms2      = "from AM7EUR06FT0.eop-eur06.prod.protection.outlook.com (2001:db8:10a6::3) by AS9PR05CA0001.outlook.office365.com (2001:db8:10a6::4) with Microsoft SMTP Server id 15; date"
	ms3      = "from mail.shop.example (198.51.100.25) by AM7EUR06FT0.mail.protection.outlook.com (10.233.1.1) with Microsoft SMTP Server id 15; date"
	msOut    = "from EUR05-VI1-obe.outbound.protection.outlook.com (198.51.100.40) by AM7EUR06FT0.mail.protection.outlook.com (10.233.1.1) with Microsoft SMTP Server id 15; date"
)

// TestTrace: the border is the first hop from outside, and nothing beneath it is looked at.
func TestTrace(t *testing.T) {
	for _, tt := range []struct {
		name string
		hops []string
		want string // the number and address of the border, or why there is none
	}{
		{"one hop", []string{outside}, "1 198.51.100.25"},
		{"a forged field beneath", []string{outside, forged}, "1 198.51.100.25"},
		{"a filter in front", []string{filter, outside, forged}, "2 198.51.100.25"},
		{"an inner host in front", []string{lmtp, inner, filter, outside, forged}, "4 198.51.100.25"},
		{"a host of the receiver with a public address", []string{ownHop, outside, forged}, "2 198.51.100.25"},
		{"which says so itself alone", []string{helo, outside}, "1 203.0.113.66"},
		{"or whose reverse name does", []string{loosely, outside}, "1 203.0.113.66"},
		{"sender and receiver are one organisation", []string{ownHop, submit}, "1 203.0.113.1"},
		{"and nothing more", []string{ownHop}, "1 203.0.113.1"},
		{"what was forged beneath one's own", []string{ownHop, "from a.bank.example (a.bank.example [203.0.113.66]) by mx.bank.example with SMTP; date"}, "1 203.0.113.1"},
		{"Gmail to Gmail", []string{gmailTop, gmailOwn, gmailIn, gmailTop, forged}, "2 198.51.100.41"},
		{"Gmail from elsewhere", []string{gmailTop, "from mail.shop.example (out.shop.example. [198.51.100.25]) by mx.google.com with ESMTPS id 1; date"}, "2 198.51.100.25"},
		{"Exchange Online", []string{ms1, ms2, ms3, forged}, "3 198.51.100.25"},
		{"Exchange Online to itself", []string{ms1, ms2, msOut, forged}, "3 198.51.100.40"},
		{"handed in by a user", []string{submit, forged}, "in Received field 1 a user hands the message in"},
		{"no address", []string{nowhere, forged}, "Received field 1 names no address"},
		{"private alone", []string{inner, filter}, "none of the 2 Received fields names a client with a public address"},
		{"sent by hand", []string{"by web.shop.example (Postfix, from userid 33) id 1; date"}, "none of the 1 Received fields"},
		{"never delivered", nil, "there is no Received field"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text := ""
			for _, h := range tt.hops {
				text += "Received: " + h + "\r\n"
			}
			m := parse(t, text+"From: a@shop.example\r\n\r\nhi\r\n")
			tr := m.Trace(lab)
			got := tr.Why
			if tr.Border != nil {
				got = fmt.Sprintf("%d %s", tr.Border.Number, tr.Border.IP)
			}
			if !strings.HasPrefix(got, tt.want) || tr.Received != len(tt.hops) {
				t.Errorf("%s of %d, want %s", got, tr.Received, tt.want)
			}
		})
	}
}

// TestReturnPath: the envelope sender counts where the receiver put it.
func TestReturnPath(t *testing.T) {
	const received = "Received: " + outside + "\r\n"
	for _, tt := range []struct{ name, header, want string }{
		{"on top", "Return-Path: <bounce+1@shop.example>\r\n" + received, "bounce+1@shop.example"},
		{"between, as Gmail has it", "Received: " + gmailTop + "\r\nReturn-Path: <b@shop.example>\r\n" + received, "b@shop.example"},
		{"beneath", received + "Return-Path: <b@bank.example>\r\n", ""},
		{"the upper one", "Return-Path: <a@shop.example>\r\nReturn-Path: <b@bank.example>\r\n" + received, "a@shop.example"},
		{"the null sender", "Return-Path: <>\r\n" + received, "null"},
		{"without brackets", "Return-Path: b@shop.example\r\n" + received, "b@shop.example"},
		{"with a comment", "Return-Path: <b@shop.example> (bounces)\r\n" + received, "b@shop.example"},
		{"in front of a sample", "Return-Path: <b@shop.example>\r\n", "b@shop.example"},
		{"within a sample", "Subject: x\r\nReturn-Path: <b@shop.example>\r\n", ""},
		{"above what was handed in", "Return-Path: <b@shop.example>\r\nReceived: " + submit + "\r\n", "b@shop.example"},
		{"no address", "Return-Path: <shop.example>\r\n" + received, ""},
		{"half a bracket", "Return-Path: <\r\n" + received, ""},
		{"two words", "Return-Path: <a b@shop.example>\r\n" + received, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tr := parse(t, tt.header+"From: a@shop.example\r\n\r\n").Trace(lab)
			got := tr.Sender
			if tr.Null {
				got += "null"
			}
			if got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}
