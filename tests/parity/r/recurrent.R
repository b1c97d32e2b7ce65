# Recurrent events (Wei-Lin-Weissfeld, Andersen-Gill, Prentice-Williams-Peterson) by R's survival, for
# tests/parity/test_recurrent.py. Run from the repository root: Rscript tests/parity/r/recurrent.R [FILE]
suppressPackageStartupMessages({library(survival); library(jsonlite)})
options(digits = 17)
out_file <- c(commandArgs(trailingOnly = TRUE), "tests/parity/expected/recurrent.json")[1]
read <- function(name) read.csv(file.path("tests", "data", name), na.strings = "", check.names = FALSE)
plain <- function(x) as.numeric(unname(x))
matrix_rows <- function(m) lapply(seq_len(nrow(m)), function(i) I(plain(m[i, ])))
tight <- coxph.control(eps = 1e-11, iter.max = 60)
dump <- function(f) list(n = f$n, nevent = f$nevent, coef = I(plain(coef(f))), vcov = matrix_rows(vcov(f)), naive_vcov = matrix_rows(f$naive.var),
                         loglik = I(plain(f$loglik)), score = plain(f$score), robust_score = plain(f$rscore),
                         concordance = plain(f$concordance[c("concordance", "std")]))
out <- list(); b <- read("bladder.csv"); b2 <- read("bladder2.csv")
for (t in c("efron", "breslow")) {
  out[[paste0("wlw_", t)]] <- dump(coxph(Surv(stop, event) ~ rx + size + number + strata(enum), b, cluster = id, ties = t, control = tight))
  out[[paste0("ag_", t)]] <- dump(coxph(Surv(start, stop, event) ~ rx + size + number, b2, cluster = id, ties = t, control = tight))
  out[[paste0("pwp_total_", t)]] <- dump(coxph(Surv(start, stop, event) ~ rx + size + number + strata(enum), b2, cluster = id, ties = t, control = tight))
  out[[paste0("pwp_gap_", t)]] <- dump(coxph(Surv(stop - start, event) ~ rx + size + number + strata(enum), b2, cluster = id, ties = t, control = tight))
}
f <- coxph(Surv(stop, event) ~ (rx + size + number):strata(enum), b, cluster = id, control = tight)
out$wlw_by_event <- dump(f); i <- grep("^rx", names(coef(f))); D <- solve(f$var[i, i]); w <- D %*% rep(1, length(i)) / sum(D)
out$wlw_average_rx <- list(estimate = sum(w * coef(f)[i]), se = sqrt(1 / sum(D)))
out$versions <- list(R = paste(R.version$major, R.version$minor, sep = "."), survival = as.character(packageVersion("survival")))
writeLines(toJSON(out, auto_unbox = TRUE, digits = I(17), na = "null", pretty = FALSE), out_file)
