#!/bin/sh
# Sweep chunk sizes × workers × transports, and put what came of it on one page.
#
#   scripts/report.sh [FILE [REPORT]]
#
# FILE is a word list; without one, or with an empty name, it is what wordhash takes by itself.
# REPORT is the page to be written (report.html). The variables WORKERS, SIZES and RUNS change what
# is swept (without RUNS, until every row is decided); WORDHASH names another program than the one in PATH. The result as JSON, for
# `wordhash diff`, and a trace for Perfetto stand beside the page.
set -eu
wordhash=${WORDHASH:-wordhash}
list=${1:-}
report=${2:-report.html}
case $report in
    *.html) ;;
    *) echo "report.sh: $report: the page's name ends with .html" >&2; exit 2 ;;
esac
beside=${report%.html}

if [ -z "${WORKERS:-}" ]; then
    cores=$(nproc)
    WORKERS=1
    [ "$cores" -lt 2 ] || WORKERS=1,$cores
fi
SIZES=${SIZES:-100,500,1k,5k,10k,50k,100k,even,auto,guided:500}

"$wordhash" sweep --workers "$WORKERS" --chunksize "$SIZES" --transport shared,pipe \
    ${RUNS:+--runs "$RUNS"} --export "$report" --export "$beside.json" \
    --export "$beside.trace.json" ${list:+"$list"}
echo "The page is $report; its figures are in $beside.json, its timelines in $beside.trace.json."
