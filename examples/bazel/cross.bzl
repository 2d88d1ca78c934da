"""Tests in C that are compiled for riscv64, as short as it gets: a project has a toolchain and cc_test."""

def _cross_test(ctx):
    program = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.run_shell(
        command = 'exec riscv64-linux-gnu-gcc -o "$@"',
        arguments = [program.path] + ctx.attr.copts + [file.path for file in ctx.files.srcs],
        inputs = ctx.files.srcs,
        outputs = [program],
        use_default_shell_env = True,
    )
    return [DefaultInfo(executable = program)]

cross_test = rule(
    _cross_test,
    test = True,
    attrs = {
        "copts": attr.string_list(),
        "srcs": attr.label_list(allow_files = [".c"]),
    },
)
