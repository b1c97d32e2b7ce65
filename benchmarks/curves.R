# Curves of the benchmarks by R: Rscript curves.R FOLDER km|km-id|aj TIMES...
# Prints the seconds of one survfit, then the survival (or the incidence of the first cause) at the times given.
arguments <- commandArgs(trailingOnly = TRUE)
folder <- arguments[1]; at <- as.numeric(arguments[-(1:2)])
suppressPackageStartupMessages(library(survival))
n <- file.size(file.path(folder, "exit")) / 8
read <- function(name) readBin(file.path(folder, name), "double", n)
id <- read("id"); entry <- read("entry"); exit <- read("exit"); cause <- read("cause")
event <- factor(cause, 0:2); died <- cause > 0
fit <- switch(arguments[2],
  "km" = function() survfit(Surv(entry, exit, died) ~ 1),
  "km-id" = function() survfit(Surv(entry, exit, died) ~ 1, id = id),
  "aj" = function() survfit(Surv(entry, exit, event) ~ 1, id = id))
seconds <- system.time(s <- fit())[["elapsed"]]
values <- if (is.null(s$surv)) s$pstate[, 2] else s$surv
errors <- if (is.null(s$surv)) s$std.err[, 2] else s$std.err * s$surv
step <- findInterval(at, s$time)
cat(sprintf("%.6f\n", seconds))
cat(sprintf("%.17g", c(values[step], errors[step])), sep = "\n")
