"""The server's half of NTLM version 2 (MS-NLMP 3.3.2), on its own: MD4 is no longer in every OpenSSL."""

import hashlib
import hmac
import os
import struct


def md4(data):
    """RFC 1320."""
    def rotate(value, by):
        value &= 0xFFFFFFFF
        return (value << by | value >> (32 - by)) & 0xFFFFFFFF

    bits = struct.pack("<Q", len(data) * 8)
    data += b"\x80" + b"\0" * (-(len(data) + 9) % 64) + bits
    a, b, c, d = 0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476
    orders = [range(16), [0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15],
              [0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15]]
    shifts = [(3, 7, 11, 19), (3, 5, 9, 13), (3, 9, 11, 15)]
    mixes = [lambda x, y, z: x & y | ~x & z, lambda x, y, z: x & y | x & z | y & z, lambda x, y, z: x ^ y ^ z]
    for start in range(0, len(data), 64):
        block = struct.unpack("<16I", data[start:start + 64])
        before = a, b, c, d
        for order, turns, mix, plus in zip(orders, shifts, mixes, (0, 0x5A827999, 0x6ED9EBA1)):
            for step, at in enumerate(order):
                a, b, c, d = d, rotate(a + mix(b, c, d) + block[at] + plus, turns[step % 4]), b, c
        a, b, c, d = ((new + old) & 0xFFFFFFFF for new, old in zip((a, b, c, d), before))
    return struct.pack("<4I", a, b, c, d)


def keyed(key, data):
    return hmac.new(key, data, hashlib.md5).digest()


def pair(number, text):
    value = text if isinstance(text, bytes) else text.encode("utf-16-le")
    return struct.pack("<HH", number, len(value)) + value


def channel_of(certificate):
    """The channel of a certificate (DER) that was signed with SHA-256: RFC 5929 section 4 in a structure of RFC 2744."""
    data = b"tls-server-end-point:" + hashlib.sha256(certificate).digest()
    return hashlib.md5(b"\0" * 16 + struct.pack("<I", len(data)) + data).digest()


def pairs_of(blob):
    """What an answer repeats and adds of the target's information (MS-NLMP 2.2.2.1), by number."""
    found, at = {}, 28
    while at + 4 <= len(blob):
        number, length = struct.unpack_from("<HH", blob, at)
        if number == 0:
            break
        found[number] = blob[at + 4:at + 4 + length]
        at += 4 + length
    return found


class Challenge:
    """One exchange of three messages on one connection; with `channel`, over TLS that ends in this process."""

    FLAGS = 0xA2898205  # Unicode, NTLM, sign, target information, version, 128, 56, extended session security

    def __init__(self, domain, first, channel=None):
        self.first, self.channel = first, channel
        self.nonce = os.urandom(8)
        stamp = struct.pack("<Q", 134_000_000_000_000_000)
        info = pair(2, domain) + pair(1, "MAIL") + pair(4, "contoso.test") + pair(7, stamp) + pair(0, b"")
        name = domain.encode("utf-16-le")
        self.message = (b"NTLMSSP\0" + struct.pack("<I", 2) + struct.pack("<HHI", len(name), len(name), 56)
                        + struct.pack("<I", self.FLAGS) + self.nonce + b"\0" * 8
                        + struct.pack("<HHI", len(info), len(info), 56 + len(name)) + b"\x06\x01\xb1\x1d\0\0\0\x0f"
                        + name + info)

    def user(self, third, password_of):
        """The account that answered, or None. password_of(user, domain) gives its password or None."""
        def field(at):
            length, _, offset = struct.unpack_from("<HHI", third, at)
            return third[offset:offset + length]

        if third[:12] != b"NTLMSSP\0" + struct.pack("<I", 3):
            return None
        answer, domain, user = field(20), field(28).decode("utf-16-le"), field(36).decode("utf-16-le")
        password = password_of(user, domain)
        if password is None or len(answer) < 44:
            return None
        key = keyed(md4(password.encode("utf-16-le")), (user.upper() + domain).encode("utf-16-le"))
        proof, blob = answer[:16], answer[16:]
        if not hmac.compare_digest(proof, keyed(key, self.nonce + blob)):
            return None
        # Extended Protection: whoever sits between has another channel, and another name.
        told = pairs_of(blob)
        if self.channel is not None and (told.get(10) != self.channel or not told.get(9)):
            return None
        return user if self.is_whole(third, keyed(key, proof), blob, field(52)) else None

    def is_whole(self, third, session, blob, sealed):
        """With a time stamp in our message the answer must carry a MIC (MS-NLMP 3.1.5.1.2) over all three messages."""
        if b"\x06\0\x04\0\x02\0\0\0" not in blob:
            return False
        if struct.unpack_from("<I", third, 60)[0] & 0x40000000 and sealed:
            return False  # a key exchange that was not offered
        mic = third[72:88]
        return hmac.compare_digest(mic, keyed(session, self.first + self.message + third[:72] + b"\0" * 16
                                              + third[88:]))
