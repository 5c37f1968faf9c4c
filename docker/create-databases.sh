#!/bin/sh
# Run once by the PostgreSQL image, when its volume is new.
set -e
createdb --username=postgres synapse
createdb --username=postgres carebridge
