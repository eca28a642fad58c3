"""What was wrong when no secure connection to the SMS provider came about, in a sentence that names no address."""

import ssl
from typing import Final

import aiohttp

# OpenSSL's numbers (x509_vfy.h).
BY_NUMBER: Final = {
    9: "The SMS provider's certificate is not valid yet. Check this machine's clock.",
    10: "The SMS provider's certificate has expired. The provider must renew it.",
    62: "The SMS provider's certificate is for another name. Check EXTENSION_SMS_URL.",
    64: "The SMS provider's certificate is for another address. Check EXTENSION_SMS_URL.",
}
UNTRUSTED: Final = "The SMS provider's certificate is self-signed, or its issuer is not known here."
OTHER: Final = "The SMS provider's certificate was not accepted."
NO_SECURE_CONNECTION: Final = "No secure connection to the SMS provider came about. Check EXTENSION_SMS_URL."
ISSUER: Final = {2, 18, 19, 20, 21}


def sentence(error: aiohttp.ClientSSLError) -> str:
    """Why there was no secure connection, and what to do where we know it."""
    if not isinstance(error, aiohttp.ClientConnectorCertificateError):
        return NO_SECURE_CONNECTION
    cause = error.certificate_error
    number = cause.verify_code if isinstance(cause, ssl.SSLCertVerificationError) else 0
    return BY_NUMBER.get(number, UNTRUSTED if number in ISSUER else OTHER)
