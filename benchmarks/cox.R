# The Cox model of the benchmarks by R: Rscript cox.R FOLDER agreg.fit|coxph TIMES
# Prints the seconds of one fit, on average over TIMES, and its coefficients with 17 digits.
arguments <- commandArgs(trailingOnly = TRUE)
folder <- arguments[1]; times <- as.integer(arguments[3])
suppressPackageStartupMessages(library(survival))
read <- function(name, n) readBin(file.path(folder, name), "double", n)
n <- file.size(file.path(folder, "exit")) / 8
X <- matrix(read("X", n * 15), nrow = n)   # written column by column
y <- Surv(read("entry", n), read("exit", n), read("event", n))
if (arguments[2] == "agreg.fit") {
  fit <- function() agreg.fit(X, y, strata = NULL, init = NULL, control = coxph.control(), method = "efron", rownames = NULL)
} else {
  data <- as.data.frame(X)
  fit <- function() coxph(reformulate(names(data), "y"), data = data)
}
if (times > 1) invisible(fit())   # once unmeasured
seconds <- system.time(for (i in seq_len(times)) model <- fit())[["elapsed"]] / times
cat(sprintf("%.6f\n", seconds))
cat(sprintf("%.17g", model$coefficients), sep = "\n")
