# The command has the sum that catalogues of CRCs give for these nine digits.
test "$(printf 123456789 | $RUN ./crc)" = "$EXPECTED"
