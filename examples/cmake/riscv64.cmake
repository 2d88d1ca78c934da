# Debian: apt-get install gcc-riscv64-linux-gnu libc6-dev-riscv64-cross
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR riscv64)
set(CMAKE_C_COMPILER riscv64-linux-gnu-gcc)
# Everything that CMake and ctest run of what has been built.
set(CMAKE_CROSSCOMPILING_EMULATOR tsemu-riscv64;-L;/usr/riscv64-linux-gnu)
