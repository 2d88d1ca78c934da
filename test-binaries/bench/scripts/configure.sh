# What a configure script does all day: five small programs for each of COUNT tests, in the current directory.
#
#     sh configure.sh COUNT
i=0
while [ $i -lt "$1" ]; do
  i=$(expr $i + 1)
  echo "int check_$i (void) { return $i; }" >conftest.c
  sed -e "s/check_/ac_cv_/" conftest.c >conftest.o
  if grep "ac_cv_$i " conftest.o >/dev/null; then answer=yes; else answer=no; fi
  cat conftest.o >>config.log
  rm -f conftest.c conftest.o
  echo "checking for $i... $answer"
done
