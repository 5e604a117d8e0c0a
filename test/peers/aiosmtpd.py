"""A relay for tests: Debian's aiosmtpd, scripted by one JSON object on the command line.

Options (all may be left out):
  tls        {"cert": PATH, "key": PATH, "mode": "starttls" | "implicit"}
  login      {"user": U, "password": P}: offered, and required before MAIL
  loginInClear  whether the log-in is offered without encryption too
  smtputf8   whether it is offered (default true)
  sizeLimit  bytes, told at EHLO
  replies    {"sender": {ADDRESS: REPLY}, "recipient": {ADDRESS: [REPLY, ...]}, "content": {ADDRESS: [REPLY, ...]}}:
             lists are used up, one for each time; then the relay takes the mail

Prints one JSON object a line: first {"port": N}, then one for each mail it took, read by Python's own email package.
Ends when its standard input does.
"""

import asyncio
import base64
import email
import email.policy
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

options = json.loads(sys.argv[1])
replies = options.get("replies", {})
taken = 0


def tell(value):
    print(json.dumps(value), flush=True)


def scripted(kind, address):
    left = replies.get(kind, {}).get(address)
    if isinstance(left, list):
        return left.pop(0) if left else None
    return left


def describe(part):
    if part.is_multipart():
        return {"type": part.get_content_type(), "parts": [describe(each) for each in part.iter_parts()]}
    return {
        "type": part.get_content_type(),
        "charset": part.get_content_charset(),
        "encoding": part.get("content-transfer-encoding"),
        "content": part.get_content(),
    }


class Handler:
    async def handle_MAIL(self, server, session, envelope, address, mail_options):
        refusal = scripted("sender", address)
        if refusal is not None:
            return refusal
        envelope.mail_from = address
        envelope.mail_options.extend(mail_options)
        return "250 2.1.0 Ok"

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        refusal = scripted("recipient", address)
        if refusal is not None:
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, server, session, envelope):
        refusal = scripted("content", envelope.rcpt_tos[0])
        if refusal is not None:
            return refusal
        global taken
        taken += 1
        message = email.message_from_bytes(envelope.original_content, policy=email.policy.default)
        login = session.auth_data
        tell(
            {
                "from": envelope.mail_from,
                "to": envelope.rcpt_tos,
                "helo": session.host_name,
                "isEncrypted": session.ssl is not None or options.get("tls", {}).get("mode") == "implicit",
                "user": login.login.decode() if login is not None else None,
                "headers": [[name, str(value)] for name, value in message.items()],
                "defects": [str(defect) for defect in message.defects]
                + [str(defect) for _, value in message.items() for defect in getattr(value, "defects", [])],
                "body": describe(message),
                "raw": base64.b64encode(envelope.original_content).decode(),
            }
        )
        return f"250 2.0.0 Ok: queued as TEST{taken:06d}"


def authenticate(server, session, envelope, mechanism, auth_data):
    login = options["login"]
    right = (auth_data.login, auth_data.password) == (login["user"].encode(), login["password"].encode())
    return AuthResult(success=right, handled=False, auth_data=auth_data)


def tls_context():
    tls = options.get("tls")
    if tls is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tls["cert"], tls["key"])
    return context


def session():
    context = tls_context()
    implicit = options.get("tls", {}).get("mode") == "implicit"
    login = "login" in options
    return SMTP(
        Handler(),
        data_size_limit=options.get("sizeLimit", 1_000_000),
        enable_SMTPUTF8=options.get("smtputf8", True),
        hostname="relay.example.com",
        tls_context=None if implicit else context,
        authenticator=authenticate if login else None,
        auth_required=login,
        auth_require_tls=not implicit and not options.get("loginInClear", False),
        loop=asyncio.get_running_loop(),
    )


async def main():
    loop = asyncio.get_running_loop()
    implicit = options.get("tls", {}).get("mode") == "implicit"
    server = await loop.create_server(session, "127.0.0.1", 0, ssl=tls_context() if implicit else None)
    tell({"port": server.sockets[0].getsockname()[1]})
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


asyncio.run(main())
