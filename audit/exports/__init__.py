"""Logs as files to take away: CSV and Excel, streamed, in an archive that proves what it holds (docs/adr/0022)."""

from audit.exports.cells import csv_file, safe_cell
from audit.exports.downloads import begin_export, stream_export
from audit.exports.files import FORMATS
from audit.exports.scratch import scratch_folder, sweep_scratch

__all__ = ["FORMATS", "begin_export", "csv_file", "safe_cell", "scratch_folder", "stream_export", "sweep_scratch"]
