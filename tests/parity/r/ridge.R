# Ridge-penalised Cox models by R's survival, for tests/parity/test_ridge.py.
# Run from the repository root: Rscript tests/parity/r/ridge.R [FILE]
suppressPackageStartupMessages({library(survival); library(jsonlite)})
options(digits = 17)
out_file <- c(commandArgs(trailingOnly = TRUE), "tests/parity/expected/ridge.json")[1]
read <- function(name) read.csv(file.path("tests", "data", name), na.strings = "", check.names = FALSE)
plain <- function(x) as.numeric(unname(x))
matrix_rows <- function(m) lapply(seq_len(nrow(m)), function(i) I(plain(m[i, ])))
tight <- coxph.control(eps = 1e-10, iter.max = 60, outer.max = 60)
dump <- function(f) list(coef = I(plain(coef(f))), var = matrix_rows(f$var), var2 = matrix_rows(f$var2),
                         loglik = I(plain(f$loglik)), penalty = plain(f$penalty)[2], df = sum(plain(f$df)))
out <- list()
lung <- read("lung.csv"); d <- lung[complete.cases(lung[, c("age", "sex", "ph.ecog", "wt.loss")]), ]
for (th in c(1, 5, 50)) {
  out[[paste0("scaled_theta", th)]] <- dump(coxph(Surv(time, status) ~ ridge(age, sex, ph.ecog, wt.loss, theta = th, scale = TRUE), d, control = tight))
  out[[paste0("unscaled_theta", th)]] <- dump(coxph(Surv(time, status) ~ ridge(age, sex, ph.ecog, wt.loss, theta = th, scale = FALSE), d, ties = "breslow", control = tight))
}
f <- coxph(Surv(time, status) ~ sex + ridge(age, wt.loss, theta = 3, scale = TRUE), d, control = tight)
out$partial <- dump(f); out$partial$martingale <- I(plain(residuals(f)))
out$versions <- list(R = paste(R.version$major, R.version$minor, sep = "."), survival = as.character(packageVersion("survival")))
writeLines(toJSON(out, auto_unbox = TRUE, digits = I(17), na = "null", pretty = FALSE), out_file)
