"""What was wrong when no secure connection came about: the certificate, and what of it, or the protocol."""

import ssl
from typing import Final

import aiohttp

from clickcollect.whisperer.models import Reason

# OpenSSL's numbers (x509_vfy.h). What is not named here is a certificate that was not accepted, whatever for.
REASON_BY_VERIFY_CODE: Final[dict[int, Reason]] = {
    9: Reason.CERTIFICATE_NOT_YET_VALID,
    10: Reason.CERTIFICATE_EXPIRED,
    18: Reason.CERTIFICATE_UNTRUSTED,  # self-signed
    19: Reason.CERTIFICATE_UNTRUSTED,  # a self-signed one in the chain
    2: Reason.CERTIFICATE_UNTRUSTED,  # issuer unknown, here and in the next two: also where a chain is not sent whole
    20: Reason.CERTIFICATE_UNTRUSTED,
    21: Reason.CERTIFICATE_UNTRUSTED,
    62: Reason.CERTIFICATE_OF_ANOTHER_NAME,
    64: Reason.CERTIFICATE_OF_ANOTHER_NAME,  # of another IP address
}


def tls_failure_reason(error: aiohttp.ClientSSLError) -> Reason:
    """The reason of a failed secure connection."""
    if not isinstance(error, aiohttp.ClientConnectorCertificateError):
        return Reason.NO_SECURE_CONNECTION
    cause = error.certificate_error
    number = cause.verify_code if isinstance(cause, ssl.SSLCertVerificationError) else 0
    return REASON_BY_VERIFY_CODE.get(number, Reason.CERTIFICATE_REFUSED)
