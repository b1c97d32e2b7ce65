# One Fine-Gray fit by R, timed: Rscript benchmarks/competing.R FOLDER crr|finegray. Prints processor seconds, then
# coefficients.
suppressPackageStartupMessages({library(survival); library(cmprsk)})
given <- commandArgs(trailingOnly = TRUE); folder <- given[1]; way <- given[2]
numbers <- function(name) { file <- file.path(folder, name); readBin(file, "double", file.size(file) / 8) }
time <- numbers("time"); status <- numbers("status"); X <- matrix(numbers("X"), length(time)); colnames(X) <- paste0("x", seq_len(ncol(X)) - 1)
if (way == "crr") {
  seconds <- sum(system.time(b <- crr(time, status, X)$coef)[1:2])
} else {
  d <- data.frame(id = seq_along(time), time = time, end = factor(status, 0:2), X)
  seconds <- sum(system.time({
    wide <- finegray(Surv(time, end) ~ ., d, etype = "1", id = id)
    b <- coef(coxph(as.formula(paste("Surv(fgstart, fgstop, fgstatus) ~", paste(colnames(X), collapse = " + "))), wide, weights = fgwt, cluster = id))
  })[1:2])
}
cat(seconds, format(b, digits = 17), "\n")
