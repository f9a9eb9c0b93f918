#!/usr/bin/python3
"""What dkimpy says of messages. stdin: [{"text": base64, "keys": {name: record}}]; stdout: [{"dkim": [bool], "arc": str}]."""
import base64, json, re, sys
import dkim


def answer(keys):
    def look(name, timeout=5):
        record = keys.get(name.decode().rstrip(".").lower(), "")
        return record.encode() or None
    return look


def one(case):
    text, look = base64.b64decode(case["text"]), answer(case["keys"])
    out = {"dkim": [], "arc": "none"}
    head = text.replace(b"\r\n", b"\n").split(b"\n\n")[0]
    for i in range(len(re.findall(rb"(?im)^dkim-signature:", head))):
        try:
            out["dkim"].append(bool(dkim.DKIM(text, minkey=1024).verify(idx=i, dnsfunc=look)))
        except Exception:
            out["dkim"].append(False)
    try:
        out["arc"] = dkim.arc_verify(text, dnsfunc=look, minkey=1024)[0].decode()
    except Exception:
        out["arc"] = "fail"
    return out


json.dump([one(c) for c in json.load(sys.stdin)], sys.stdout)
