"""The OMS over HTTP (contract section 2)."""

from clickcollect.oms.api import ids as ids  # addresses below use `{id:…}`
