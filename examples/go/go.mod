module example.org/samples

go 1.19
