"""SM3 digests (GB/T 32905-2016), by OpenSSL where it has them, else by the few lines below; both give the same.

The compression of a block of 16 words W: words 16 to 67 follow by W[j] = P1(W[j-16] ^ W[j-9] ^ (W[j-3] <<< 15)) ^ (W[j-13] <<< 7) ^ W[j-6];
64 rounds mix them into eight registers, which are then added to the state by exclusive or.
"""

import hashlib

_START = (0x7380166F, 0x4914B2B9, 0x172442D7, 0xDA8A0600, 0xA96F30BC, 0x163138AA, 0xE38DEE4D, 0xB0FB0E4E)
_MASK = 0xFFFFFFFF


def sm3_hex(data: bytes) -> str:
    """Return the SM3 digest of `data`, hex."""
    return hashlib.new("sm3", data).hexdigest() if "sm3" in hashlib.algorithms_available else plain_sm3_hex(data)


def plain_sm3_hex(data: bytes) -> str:
    """Return the same without OpenSSL."""
    padded = data + b"\x80" + bytes((55 - len(data)) % 64) + (8 * len(data)).to_bytes(8, "big")
    state: tuple[int, ...] = _START
    for start in range(0, len(padded), 64):
        state = _compressed(state, padded[start : start + 64])
    return "".join(f"{word:08x}" for word in state)


def _turned(word: int, by: int) -> int:
    by %= 32
    return (word << by | word >> (32 - by)) & _MASK if by else word


def _compressed(state: tuple[int, ...], block: bytes) -> tuple[int, ...]:
    w = [int.from_bytes(block[at : at + 4], "big") for at in range(0, 64, 4)]
    for j in range(16, 68):
        mixed = w[j - 16] ^ w[j - 9] ^ _turned(w[j - 3], 15)
        w.append(mixed ^ _turned(mixed, 15) ^ _turned(mixed, 23) ^ _turned(w[j - 13], 7) ^ w[j - 6])
    a, b, c, d, e, f, g, h = state
    for j in range(64):
        early = j < 16
        ss1 = _turned((_turned(a, 12) + e + _turned(0x79CC4519 if early else 0x7A879D8A, j)) & _MASK, 7)
        choice_ff = a ^ b ^ c if early else (a & b) | (a & c) | (b & c)
        choice_gg = e ^ f ^ g if early else (e & f) | (~e & g)
        tt1 = (choice_ff + d + (ss1 ^ _turned(a, 12)) + (w[j] ^ w[j + 4])) & _MASK
        tt2 = (choice_gg + h + ss1 + w[j]) & _MASK
        a, b, c, d = tt1, a, _turned(b, 9), c
        e, f, g, h = tt2 ^ _turned(tt2, 9) ^ _turned(tt2, 17), e, _turned(f, 19), g
    return tuple(old ^ new for old, new in zip(state, (a, b, c, d, e, f, g, h), strict=True))
