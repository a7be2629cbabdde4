"""Computes an NTLM v2 response with ntlm_auth, which shares no code with the product; arguments and output in hex."""

import sys

# Gives OpenSSL its old hashes back, of which ntlm_auth needs MD4.
from cryptography.hazmat.backends.openssl import backend  # noqa: F401
from ntlm_auth.compute_response import ComputeResponse

user, password, domain = sys.argv[1:4]
server_challenge, client_challenge, time, target_info = (bytes.fromhex(text) for text in sys.argv[4:])


class Given:
    def __init__(self, octets):
        self.octets = octets

    def pack(self):
        return self.octets


response, key = ComputeResponse._get_NTLMv2_response(
    user, password, domain, server_challenge, client_challenge, time, Given(target_info)
)
print(response.hex(), key.hex())
