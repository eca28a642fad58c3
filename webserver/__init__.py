"""One web server for both programs: granian, and what stands between it and a working thread."""
