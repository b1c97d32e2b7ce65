# One fit of the large Cox model by R: Rscript cox.R FOLDER agreg.fit|coxph
# Prints the seconds of the fit alone and its coefficients with 17 digits.
arguments <- commandArgs(trailingOnly = TRUE)
folder <- arguments[1]
suppressPackageStartupMessages(library(survival))
read <- function(name, n) readBin(file.path(folder, name), "double", n)
n <- file.size(file.path(folder, "exit")) / 8
X <- matrix(read("X", n * 15), nrow = n)   # written column by column
y <- Surv(read("entry", n), read("exit", n), read("event", n))
if (arguments[2] == "agreg.fit") {
  seconds <- system.time(fit <- agreg.fit(X, y, strata = NULL, init = NULL, control = coxph.control(),
                                          method = "efron", rownames = NULL))[["elapsed"]]
} else {
  data <- as.data.frame(X)
  seconds <- system.time(fit <- coxph(reformulate(names(data), "y"), data = data))[["elapsed"]]
}
cat(sprintf("%.6f\n", seconds))
cat(sprintf("%.17g", fit$coefficients), sep = "\n")
