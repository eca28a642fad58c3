"""The HTTP API (contract section 2), a door like Instore and OMS WEB."""
