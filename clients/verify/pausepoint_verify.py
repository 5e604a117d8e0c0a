#!/usr/bin/env python3
"""Checks an export, a selection or the proof of one pause of a PausePoint audit log, with nothing but Python 3.9.

    python3 pausepoint_verify.py FILE [--key VKEY] [--checkpoint FILE ...] [--json]

Written from the document audit-format.md alone. Ends with 0 (valid), 1 (not valid) or 2 (unreadable, wrong usage).
Standards: RFC 6962 (tree), RFC 8785 (canonical JSON), RFC 7493 (I-JSON), RFC 9901 (disclosures), RFC 6901 (pointers),
RFC 8032 (Ed25519), RFC 7515 (JWS), and signed-note, tlog-checkpoint and tlog-proof of C2SP.
"""
import base64
import hashlib
import json
import os
import re
import sys

LINE_MAX = 1 << 20          # a line of an export, without its line feed
PROOF_MAX = 64 << 20        # the proof of a pause is one object; the document sets no bound of its own
ZEROS = "0" * 64
MEMBERS = {"v", "seq", "at", "type", "actor", "project", "mode", "pause_id", "nonce", "data", "prev_hash", "hash"}

class Unreadable(Exception):
    """The input can't be read: neither valid nor invalid."""

    def __init__(self, what, line=None):
        super().__init__(what)
        self.what, self.line = what, line

class Fault(Exception):
    """The input can be read and is not valid. The kind is one of the table in the document."""

    def __init__(self, kind, what, line=None, seq=None):
        super().__init__(what)
        self.kind, self.what, self.line, self.seq = kind, what, line, seq

# ---- JSON: RFC 7493 in, RFC 8785 out ---------------------------------------------------------------------------------

def _number(text):
    """A double. Overflow, and an integer that a double can't keep, are refused; an integral value becomes an int."""
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError("a number is beyond a double")
    if value == int(value):
        if text.lstrip("-").isdigit() and int(text) != int(value):
            raise ValueError("an integer is beyond what a double can keep")
        return int(value)
    return value

def _object(pairs):
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a member stands twice")
    return result

def _constant(name):
    raise ValueError(name + " is no JSON")

DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_int=_number, parse_float=_number, parse_constant=_constant)

def read_json(raw):
    """Bytes to a value by RFC 7493; ValueError with a short reason."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8") from None
    try:
        value = DECODER.decode(text)
        canonical(value)  # finds a lone surrogate, and a depth that can't be written again
    except json.JSONDecodeError as error:
        raise ValueError("it is not JSON: " + error.msg) from None
    except (RecursionError, MemoryError):
        raise ValueError("it is nested too deeply") from None
    except UnicodeEncodeError:
        raise ValueError("a surrogate stands alone") from None
    return value

def es_number(value):
    """Number::toString of ECMAScript (RFC 8785, 3.2.2.3). repr() has the same shortest digits, in another layout."""
    value = float(value)
    if value == 0:
        return "0"
    mantissa, _, exponent = repr(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    point = len(whole) + int(exponent or 0)      # where the decimal point stands, from the first digit
    digits = whole + fraction
    point -= len(digits) - len(digits.lstrip("0"))
    digits = digits.strip("0")
    count = len(digits)
    if count <= point <= 21:
        text = digits + "0" * (point - count)
    elif 0 < point <= 21:
        text = digits[:point] + "." + digits[point:]
    elif -6 < point <= 0:
        text = "0." + "0" * -point + digits
    else:
        text = digits[0] + ("." + digits[1:] if count > 1 else "") + "e%+d" % (point - 1)
    return ("-" if value < 0 else "") + text

def _write(value):
    if value is None or value is True or value is False:
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)   # escapes just what RFC 8785, 3.2.2.2 does
    if isinstance(value, (int, float)):
        return es_number(value)
    if isinstance(value, list):
        return "[" + ",".join(_write(item) for item in value) + "]"
    names = sorted(value, key=lambda name: name.encode("utf-16-be"))   # by UTF-16 units: RFC 8785, 3.2.3
    return "{" + ",".join(_write(name) + ":" + _write(value[name]) for name in names) + "}"

def canonical(value):
    return _write(value).encode("utf-8")

def unbase64(text, length=None):
    """Standard base64 with its padding, in its one form; None if it is not that."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (ValueError, TypeError):
        return None
    return raw if base64.b64encode(raw).decode() == text and length in (None, len(raw)) else None

def unbase64url(text, length=None):
    """base64url without padding, in its one form; None if it is not that."""
    if not isinstance(text, str) or not re.fullmatch(r"[A-Za-z0-9_-]*", text):
        return None
    return unbase64(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4), length)

def sha256(data):
    return hashlib.sha256(data).digest()

# ---- Ed25519: RFC 8032, 5.1 ------------------------------------------------------------------------------------------

P = 2 ** 255 - 19
L = 2 ** 252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P

def _add(a, b):
    """Extended coordinates, RFC 8032, 5.1.4."""
    e, f = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    g, h = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = f - e, h - g, h + g, f + e
    return e * f % P, g * h % P, f * g % P, e * h % P

def _multiply(scalar, point):
    result = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            result = _add(result, point)
        point, scalar = _add(point, point), scalar >> 1
    return result

def _point(raw):
    """RFC 8032, 5.1.3; None for what is no canonical encoding of a point."""
    y = int.from_bytes(raw, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P

BASE = _point(bytes.fromhex("58" + "66" * 31))

def ed25519(public, message, signature):
    """RFC 8032, 5.1.7, without the cofactor."""
    if len(public) != 32 or len(signature) != 64:
        return False
    a, r, s = _point(public), _point(signature[:32]), int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= L:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % L
    left, right = _multiply(s, BASE), _add(r, _multiply(k, a))
    return (left[0] * right[2] - right[0] * left[2]) % P == 0 and (left[1] * right[2] - right[1] * left[2]) % P == 0

# ---- The tree: RFC 6962, 2.1 -----------------------------------------------------------------------------------------

def node(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()

def add_leaf(frontier, size, leaf):
    while size & 1:
        leaf, size = node(frontier.pop(), leaf), size >> 1
    frontier.append(leaf)

def fold(frontier):
    if not frontier:
        return sha256(b"")
    root = frontier[-1]
    for left in reversed(frontier[:-1]):
        root = node(left, root)
    return root

def proof_root(leaf, index, size, path):
    """The root that an inclusion proof leads to (RFC 9162, 2.1.3.2, for the same tree), or None."""
    if not 0 <= index < size:
        return None
    last, root = size - 1, leaf
    for sibling in path:
        if last == 0:
            return None
        if index & 1 or index == last:
            root = node(sibling, root)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            root = node(root, sibling)
        index, last = index >> 1, last >> 1
    return root if last == 0 else None

# ---- Keys and checkpoints: C2SP signed-note and tlog-checkpoint ------------------------------------------------------

def verifier_key(text):
    """`name+hash+key` to (name, four bytes, public key), or None."""
    parts = text.split("+", 2) if isinstance(text, str) else []
    raw = unbase64(parts[2], 33) if len(parts) == 3 else None
    if raw is None or raw[0] != 1 or not parts[0]:
        return None
    name_hash = sha256(parts[0].encode("utf-8", "replace") + b"\n" + raw)[:4]
    return (parts[0], name_hash, raw[1:]) if parts[1] == name_hash.hex() else None

def is_name_of(name, origin):
    """Whether a log with this origin has, or had before, this name: "/2" comes after the name without a number."""
    split = lambda text: re.fullmatch(r"(.*?)(?:/([2-9]|[1-9][0-9]+))?", text)
    one, other = split(name), split(origin)
    return one[1] == other[1] and int(one[2] or 1) <= int(other[2] or 1)

def trusted_keys(head, pinned, line):
    """Check 2 of the document: the keys whose checkpoints count."""
    for text in head["keys"] + ([pinned] if pinned else []):
        key = verifier_key(text)
        if key is None:
            raise Fault("key", "a verifier key has not the form name+hash+key", line)
        if not is_name_of(key[0], head["origin"]):
            raise Fault("key", "a verifier key is of another log than the file", line)
    trusted, steps = [pinned] if pinned else list(head["keys"]), []
    for step in head["handovers"]:
        old, new = verifier_key(step["old"]), verifier_key(step["new"])
        if not old or not new or not all(is_name_of(key[0], head["origin"]) for key in (old, new)):
            raise Fault("key", "a handover is not between two keys of this log", line)
        text = "pausepoint signing key handover v1\nlog\n%s\n%s\n" % (step["old"], step["new"])
        if not ed25519(old[2], text.encode(), unbase64url(step["signature"]) or b""):
            raise Fault("key", "a handover is not signed by the old key", line)
        steps.append((step["old"], step["new"]))
    for _ in steps:
        trusted += [new for old, new in steps if old in trusted and new not in trusted]
    return [verifier_key(text) for text in trusted]

def checkpoint(text, origin, trusted, line=None):
    """A signed checkpoint to (size, root); a Fault unless a trusted key signed it."""
    body, gap, tail = text.rpartition("\n\n") if isinstance(text, str) else ("", "", "")
    lines = body.split("\n")
    root = unbase64(lines[2], 32) if gap and len(lines) >= 3 else None
    if root is None or "" in lines or re.search(r"[\x00-\x09\x0b-\x1f]", text) or not (
            tail.endswith("\n") and re.fullmatch(r"0|[1-9][0-9]{0,18}", lines[1])):
        raise Fault("signature", "the checkpoint is none", line)
    if lines[0] != origin:
        raise Fault("spliced", "the checkpoint is of another log than the file", line)
    signed, message = False, (body + "\n").encode()
    for row in tail[:-1].split("\n"):
        match = re.fullmatch("\u2014 ([^ +]+) ([^ ]+)", row)
        raw = unbase64(match[2]) if match else None
        if raw is None or len(raw) < 5:
            raise Fault("signature", "a signature line of the checkpoint has not its form", line)
        for name, name_hash, public in trusted:
            if (name, name_hash) == (match[1], raw[:4]):
                if not ed25519(public, message, raw[4:]):
                    raise Fault("signature", "the checkpoint's signature is forged", line)
                signed = True
    if not signed:
        raise Fault("key", "no trusted key has signed the checkpoint", line)
    return int(lines[1]), root

# ---- Entries and disclosures -----------------------------------------------------------------------------------------

def check_entry(entry, line=None):
    """Check 3: the members, and the hash. Gives the leaf."""
    seq = entry.get("seq") if isinstance(entry, dict) else None
    seq = seq if type(seq) is int else None
    if not isinstance(entry, dict) or set(entry) != MEMBERS:
        raise Fault("edited", "an entry has not exactly the members of an entry", line, seq)
    if seq is None or seq < 1 or type(entry["v"]) is not int or entry["v"] != 1 or not isinstance(entry["data"], dict):
        raise Fault("edited", "v, seq or data of an entry is not what it has to be", line, seq)
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", str(entry["at"]), re.ASCII):
        raise Fault("edited", "the time of entry %d has not its form" % seq, line, seq)
    text = canonical({name: entry[name] for name in entry if name != "hash"})
    if sha256(text).hex() != entry["hash"]:
        raise Fault("edited", "entry %d is not what its hash says" % seq, line, seq)
    return sha256(b"\x00" + text)

def check_disclosed(row, line=None):
    """Check 6, RFC 9901 and RFC 6901. Gives how many were opened."""
    seq, opened = row["entry"]["seq"], row.get("disclosed", {})

    def refuse(what):
        raise Fault("commitment", "entry %d: %s" % (seq, what), line, seq)

    if not isinstance(opened, dict):
        refuse("disclosed is no object")
    for pointer, disclosure in opened.items():
        if not pointer.startswith("/") or re.search(r"~(?![01])", pointer):
            refuse("a disclosure stands under what is no pointer")
        place = row["entry"]["data"]
        for step in pointer.split("/")[1:]:
            step = step.replace("~1", "/").replace("~0", "~")
            if isinstance(place, list) and re.fullmatch(r"0|[1-9][0-9]{0,8}", step) and int(step) < len(place):
                place = place[int(step)]
            else:
                place = place.get(step) if isinstance(place, dict) else None
        if not isinstance(place, dict) or set(place) != {"commitment"}:
            refuse("a disclosure points to what is no commitment")
        raw = unbase64url(disclosure)
        if raw is None or unbase64url(place["commitment"], 32) != sha256(disclosure.encode()):
            refuse("a disclosed value is not what the entry commits to")
        try:
            parts = read_json(raw)
        except ValueError:
            parts = None
        if not isinstance(parts, list) or len(parts) != 3 or not isinstance(parts[0], str) or parts[1] != step:
            refuse("a disclosure is not [salt, name, value] with the name it stands under")
    return len(opened)

# ---- An export -------------------------------------------------------------------------------------------------------

def lines_of(file):
    """The lines with their numbers, one at a time."""
    number = 0
    while True:
        raw = file.readline(LINE_MAX + 2)
        if not raw:
            return
        number += 1
        if len(raw.rstrip(b"\n")) > LINE_MAX:
            raise Unreadable("line %d is longer than 1 MiB" % number, number)
        try:
            value = read_json(raw)
        except ValueError as error:
            if number > 1 and not raw.endswith(b"\n"):
                raise Fault("cut", "line %d breaks off: the end was cut off" % number, number) from None
            raise Unreadable("line %d can't be read: %s" % (number, error), number) from None
        if not isinstance(value, dict):
            raise Unreadable("line %d is no JSON object" % number, number)
        yield number, value

def shape(head, rules):
    """Members of a first line or a proof that a reader can do nothing without."""
    rules = dict(rules, origin=lambda v: isinstance(v, str) and v != "",
                 keys=lambda v: isinstance(v, list) and all(isinstance(k, str) for k in v),
                 handovers=lambda v: isinstance(v, list) and all(isinstance(h, dict) and all(
                     isinstance(h.get(n), str) for n in ("old", "new", "signature")) for h in v))
    for name, holds in rules.items():
        if name not in head or not holds(head[name]):
            raise Unreadable("line 1: %s is missing or has not its form" % name, 1)

def last_line(file):
    """The last line of a selection, whose checkpoint the proofs lead to; None if it is none that can be read."""
    end = file.seek(0, os.SEEK_END)
    file.seek(max(0, end - LINE_MAX - 2))
    try:
        value = read_json(file.read(LINE_MAX + 2).rstrip(b"\n").rpartition(b"\n")[2])
    except ValueError:
        return None
    return value.get("checkpoint") if isinstance(value, dict) else None

def missing(rows, seq, line, found):
    """Entry `found` stands where `seq` should. Does `seq` come later, and `found` too? Looked for to the file's end."""
    later, again = False, False
    try:
        for _, row in rows:
            if isinstance(row.get("entry"), dict):
                later, again = later or row["entry"].get("seq") == seq, again or row["entry"].get("seq") == found
    except Unreadable:
        pass
    if not later:
        raise Fault("removed", "entry %d is missing" % seq, line, found)
    raise Fault("inserted" if again else "reordered", "entry %d stands in the place of entry %d" % (found, seq), line, found)

def check_export(file, report, pinned, kept):
    number = lambda v: type(v) is int and 0 <= v < 1 << 63
    rows = lines_of(file)
    _, head = next(rows)
    complete = head.get("complete") is True
    report.update(file="export" if complete else "selection", entries=0)
    if head["pausepoint_export"] != 1 or type(head["pausepoint_export"]) is not int:
        raise Unreadable("line 1: the export is not of version 1", 1)
    shape(head, {"complete": lambda v: type(v) is bool, "first_seq": lambda v: number(v) and v > 0, "last_seq": number})
    shape(head, {"prev_hash": lambda v: isinstance(v, str), "frontier": lambda v: isinstance(v, list) and all(
        unbase64(h, 32) for h in v)} if complete else {
            "selection": lambda v: isinstance(v, dict), "prev_hash": lambda v: v is None, "frontier": lambda v: v is None})
    first, last, origin = head["first_seq"], head["last_seq"], head["origin"]
    report.update(origin=origin, first_seq=first, last_seq=last)
    if last < first - 1:
        raise Unreadable("line 1: last_seq is before first_seq", 1)
    trusted = trusted_keys(head, pinned, 1)
    kept = sorted(checkpoint(text, origin, trusted) for text in kept)
    frontier, signed, line = [], None, 1
    if complete:
        frontier = [unbase64(h) for h in head["frontier"]]
        if len(frontier) != bin(first - 1).count("1") or (first == 1 and head["prev_hash"] != ZEROS):
            raise Fault("edited", "frontier or prev_hash in the first line does not go with first_seq", 1)
    else:
        place, text = file.tell(), last_line(file)
        file.seek(place)
        if text is not None:
            try:
                signed = checkpoint(text, origin, trusted)
            except Fault as fault:
                fault.line = 1 + sum(1 for _ in rows)
                raise
    size, previous, time, closing = first - 1, head.get("prev_hash"), "", None

    def compare():
        for at_size, root in kept:
            if complete and at_size == size and fold(frontier) != root:
                raise Fault("rewritten", "at %d entries the root is not that of the kept checkpoint" % size, line)

    compare()
    for line, row in rows:
        if "pausepoint_export" in row:
            raise Fault("spliced", "line %d begins another export" % line, line)
        if closing is not None:
            raise Fault("inserted", "line %d stands behind the checkpoint" % line, line)
        if set(row) == {"checkpoint"}:
            closing = row["checkpoint"]
            continue
        if "entry" not in row:
            raise Fault("inserted", "line %d is neither an entry nor the checkpoint" % line, line)
        entry = row["entry"]
        leaf = check_entry(entry, line)
        seq = entry["seq"]
        if seq > last or seq < first:
            raise Fault("inserted", "entry %d is outside the bounds of the file" % seq, line, seq)
        if complete:
            if seq > size + 1:
                missing(rows, size + 1, line, seq)
            if seq <= size:      # everything up to `size` was there already
                raise Fault("inserted", "entry %d stands there a second time" % seq, line, seq)
            if entry["prev_hash"] != previous:
                raise Fault("edited", "entry %d does not follow the one before it" % seq, line, seq)
            if entry["at"] < time:
                raise Fault("edited", "the time of entry %d goes back" % seq, line, seq)
            add_leaf(frontier, size, leaf)
        else:
            if seq <= size:
                raise Fault("inserted" if seq == size else "reordered", "entry %d does not come after the one before it"
                            % seq, line, seq)
            if any(name in head["selection"] and head["selection"][name] != entry[name]
                   for name in ("project", "mode", "pause_id")):
                raise Fault("inserted", "entry %d is not of the selection" % seq, line, seq)
            path = row.get("proof")
            path = [unbase64(h, 32) for h in path] if isinstance(path, list) else [None]
            if signed and (None in path or proof_root(leaf, seq - 1, signed[0], path) != signed[1]):
                raise Fault("proof", "the proof of entry %d does not lead to the checkpoint" % seq, line, seq)
        size, previous, time = seq, entry["hash"], entry["at"]
        report["disclosures"] += check_disclosed(row, line)
        report["entries"] += 1
        compare()
    if closing is None:
        raise Fault("cut", "the file ends without a checkpoint", line)
    if complete and size < last:
        raise Fault("cut", "the entries end with %d in place of %d" % (size, last), line)
    tree_size, root = checkpoint(closing, origin, trusted, line)
    if tree_size < last or (complete and tree_size > last):
        raise Fault("cut" if tree_size > last else "inserted",
                    "the checkpoint is over %d entries, the file ends with %d" % (tree_size, last), line)
    if complete and fold(frontier) != root:
        raise Fault("rewritten", "the root over the entries is not the signed one", line)
    report["compared"] = 0
    for at_size, kept_root in kept:
        if at_size == tree_size and kept_root != root:
            raise Fault("rewritten", "a kept checkpoint of the same size has another root", line)
        if complete and at_size > last and head.get("until") is None:
            raise Fault("cut", "a kept checkpoint is over %d entries, the file ends with %d" % (at_size, last), line)
        report["compared"] += at_size == tree_size or (complete and first - 1 <= at_size <= last)

# ---- The proof of one pause ------------------------------------------------------------------------------------------

def check_proof(proof, report, pinned, kept):
    rows = lambda v: isinstance(v, list) and all(isinstance(row, dict) and "entry" in row for row in v)
    if proof["pausepoint_proof"] != 1 or type(proof["pausepoint_proof"]) is not int:
        raise Unreadable("line 1: the proof is not of version 1", 1)
    shape(proof, {"pause_id": lambda v: isinstance(v, str), "entries": rows, "context": rows,
                  "receipt": lambda v: v is None or isinstance(v, str), "receipt_keys": lambda v: True})
    origin, entries = proof["origin"], [row["entry"] for row in proof["entries"]]
    report.update(origin=origin, entries=0)
    trusted = trusted_keys(proof, pinned, 1)
    roots = {}
    for size, root in [checkpoint(text, origin, trusted) for text in kept]:
        if roots.setdefault(size, root) != root:
            raise Fault("rewritten", "two kept checkpoints of %d entries have two roots" % size)
    sizes, seen, report["compared"], before = set(roots), {}, 0, 0
    for row in proof["entries"] + proof["context"]:
        leaf, entry = check_entry(row["entry"], 1), row["entry"]
        seq, text = entry["seq"], row.get("tlog_proof")
        try:
            top, gap, note = text.partition("\n\n") if isinstance(text, str) else ("", "", "")
            lines = top.split("\n")
            if len(lines) > 1 and lines[1].startswith("extra "):
                del lines[1]                                     # tlog-proof: opaque, with no meaning here
            path = [unbase64(h, 32) for h in lines[2:]]
            if not gap or lines[0] != "c2sp.org/tlog-proof@v1" or lines[1:2] != ["index %d" % (seq - 1)] or None in path:
                raise Fault("proof", "the proof of entry %d has not its form, or is of another entry" % seq)
            if note not in seen:
                seen[note] = checkpoint(note, origin, trusted)
            size, root = seen[note]
            if roots.setdefault(size, root) != root:
                raise Fault("rewritten", "of %d entries there are two checkpoints with two roots" % size)
            if proof_root(leaf, seq - 1, size, path) != root:
                raise Fault("proof", "the proof of entry %d does not lead to the checkpoint" % seq)
        except Fault as fault:
            fault.line, fault.seq = 1, seq
            raise
        report["disclosures"] += check_disclosed(row, 1)
        if report["entries"] < len(entries):
            if entry["pause_id"] != proof["pause_id"]:
                raise Fault("inserted", "entry %d is of another pause" % seq, 1, seq)
            if seq <= before:
                raise Fault("inserted" if seq == before else "reordered", "entry %d stands in another place" % seq, 1, seq)
            report["entries"], before = report["entries"] + 1, seq
        elif entry["pause_id"] is not None:
            raise Fault("inserted", "entry %d of the context belongs to a pause" % seq, 1, seq)
    report["compared"] = len(sizes & {size for size, _ in seen.values()})
    if not entries or entries[0]["type"] != "pause.created":
        raise Fault("removed", "the entries do not begin with pause.created", 1)
    report.update(first_seq=entries[0]["seq"], last_seq=before)
    if proof["receipt"] is not None:
        check_receipt(proof, entries)
    check_shown(proof)

def check_shown(proof):
    """Each page has the bytes whose digest its entry commits to, and discloses, as "page"."""
    pages = proof.get("shown", [])
    if not isinstance(pages, list) or not all(isinstance(page, dict) and isinstance(page.get("html"), str) for page in pages):
        raise Unreadable("line 1: the pages in it are none", 1)
    for page in pages:
        seq, digest = page.get("seq"), "sha256:" + sha256(page["html"].encode()).hex()
        opened = [row.get("disclosed", {}).get("/page") for row in proof["entries"] if row["entry"]["seq"] == seq]
        if not opened or not opened[0] or json.loads(unbase64url(opened[0]))[2] != digest:
            raise Fault("shown", "the page of entry %s is not the one that the entry commits to" % seq, 1)

def check_receipt(proof, entries):
    """The compact JWS (RFC 7515, RFC 8037) against the entries."""
    def refuse(what):
        raise Fault("receipt", "the receipt " + what, 1)

    parts = proof["receipt"].split(".")
    raw = [unbase64url(part) for part in parts]
    if len(parts) != 3 or None in raw:
        refuse("is no compact JWS")
    try:
        header, claims = read_json(raw[0]), read_json(raw[1])
    except ValueError:
        refuse("is no compact JWS")
    if not isinstance(header, dict) or not isinstance(claims, dict) or "crit" in header or header.get(
            "alg") not in ("Ed25519", "EdDSA"):
        refuse("has a header or claims of another form")
    purpose = "receipt-%s" % claims.get("mode")
    keys = [e["data"].get("public_key") for e in (row["entry"] for row in proof["context"])
            if e["type"] in ("signing_key.created", "signing_key.rotated") and e["data"].get("purpose") == purpose
            and isinstance(header.get("kid"), str) and e["data"].get("key_id") == header["kid"]]
    if not keys:
        refuse("is signed with a key that no entry of the context announces for its mode")
    message = ".".join(parts[:2]).encode()
    if not any(ed25519(unbase64url(key) or b"", message, raw[2]) for key in keys):
        refuse("has a forged signature")
    jwks = proof["receipt_keys"].get("keys") if isinstance(proof["receipt_keys"], dict) else None
    if not any(isinstance(key, dict) and key.get("kid") == header["kid"] and key.get("x") in keys
               for key in (jwks if isinstance(jwks, list) else [])):
        refuse("has another key in receipt_keys than in the log")
    same = lambda a, b: canonical(a) == canonical(b)      # so that true is not 1
    created, answered = entries[0], [e for e in entries if e["type"] == "pause.responded"]
    if len(answered) != 1:
        refuse("tells of an answer, and there is not one entry pause.responded")
    says = {name: answered[0][name] for name in ("seq", "pause_id", "mode", "project")}
    says.update(entry_hash=answered[0]["hash"], question="sha256:" + created["hash"])
    says.update({name: answered[0]["data"].get(name) for name in ("choice", "source")},
                action_digest=created["data"].get("action_digest"))
    for name, value in says.items():
        if not same(claims.get(name), value):
            refuse("says another %s than the entries" % name)

# ---- The command -----------------------------------------------------------------------------------------------------

def verify(path, report, pinned, kept):
    with open(path, "rb") as file:
        try:
            value = next(lines_of(file), None)
            if value is None:
                raise Unreadable("line 1: the file is empty", 1)
            value, problem = value[1], None
        except Unreadable as error:
            value, problem = None, error
        file.seek(0)
        if value and "pausepoint_export" in value:
            return check_export(file, report, pinned, kept)
        raw = file.read(PROOF_MAX + 1)     # a proof may be over several lines, and longer than a line of an export
        try:
            value = read_json(raw) if len(raw) <= PROOF_MAX else None
        except ValueError:
            value = None
        if not isinstance(value, dict) or "pausepoint_proof" not in value:
            raise problem or Unreadable("line 1: this is neither an export nor a proof", 1)
        report["file"] = "proof"
        check_proof(value, report, pinned, kept)

def main(arguments):
    usage = "usage: pausepoint_verify.py FILE [--key VKEY] [--checkpoint FILE ...] [--json]"
    path, pinned, kept, as_json, rest = None, None, [], False, list(arguments)
    report = dict(valid=False, file=None, origin=None, key_pinned=False, entries=None, first_seq=None, last_seq=None,
                  disclosures=0, fault=None)
    code, sentence = 2, usage
    try:
        as_json = "--json" in rest
        while rest:
            word = rest.pop(0)
            if word == "--json":
                continue
            if word in ("--key", "--checkpoint"):
                if not rest or (word == "--key" and pinned is not None):
                    raise Unreadable(usage)
                if word == "--key":
                    pinned = rest.pop(0).strip()
                else:
                    with open(rest.pop(0), "rb") as file:
                        kept.append(file.read(LINE_MAX).decode("utf-8"))
            elif word.startswith("--") or path is not None:
                raise Unreadable(usage)
            else:
                path = word
        if path is None:
            raise Unreadable(usage)
        if pinned is not None and verifier_key(pinned) is None:
            raise Unreadable("the key given with --key has not the form name+hash+key")
        report["key_pinned"] = pinned is not None
        verify(path, report, pinned, kept)
        code, report["valid"] = 0, True
        sentence = "Valid: this %s of %s holds, with %d entries and %d disclosures" % (
            report["file"], report["origin"], report["entries"], report["disclosures"])
        if kept:
            sentence += "; %d of %d kept checkpoints could be compared" % (report["compared"], len(kept))
        sentence += "." if pinned else "; no key was pinned, so the keys in the file itself were taken."
    except Fault as fault:
        where = "in line %d" % fault.line if fault.line else "in a kept checkpoint"
        code, sentence = 1, "Not valid (%s, %s): %s." % (fault.kind, where, fault.what)
        report["fault"] = {"line": fault.line, "seq": fault.seq, "kind": fault.kind, "what": fault.what}
    except Unreadable as error:
        sentence = error.what if error.what == usage else "Unreadable: %s." % error.what
        report["fault"] = {"line": error.line, "seq": None, "kind": "unreadable", "what": error.what}
    except (OSError, ValueError, RecursionError, MemoryError) as error:
        what = "a file can't be read: %s" % (getattr(error, "strerror", None) or type(error).__name__)
        sentence, report["fault"] = "Unreadable: %s." % what, {"line": None, "seq": None, "kind": "unreadable", "what": what}
    report.pop("compared", None)
    text = json.dumps(report) if as_json else sentence.encode("ascii", "backslashreplace").decode()
    sys.stdout.write(text + "\n")
    return code

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
