# Concordance by R's survival, for tests/parity/test_concordance.py.
# Run from the repository root: Rscript tests/parity/r/concordance.R [FILE]
suppressPackageStartupMessages({library(survival); library(jsonlite)})
options(digits = 17)
out_file <- c(commandArgs(trailingOnly = TRUE), "tests/parity/expected/concordance.json")[1]
read <- function(name) read.csv(file.path("tests", "data", name), na.strings = "", check.names = FALSE)
plain <- function(x) as.numeric(unname(x))
matrix_rows <- function(m) lapply(seq_len(nrow(m)), function(i) I(plain(m[i, ])))
tight <- coxph.control(eps = 1e-11, iter.max = 60)
# cvar only where scores are single values: equal rows of a linear predictor differ in the last digit on some
# machines, and R then ranks them apart.
dump <- function(x, cvar = FALSE) {
  r <- list(concordance = plain(x$concordance), count = if (is.matrix(x$count)) matrix_rows(x$count) else I(plain(unlist(x$count))), var = plain(x$var))
  if (cvar) r$cvar <- plain(x$cvar)
  r
}
out <- list()
lung <- read("lung.csv"); d <- lung[complete.cases(lung[, c("age", "sex", "ph.ecog")]), ]; heart <- read("heart.csv")
f <- coxph(Surv(time, status) ~ age + sex + ph.ecog, d, control = tight)
h <- coxph(Surv(start, stop, event) ~ age + year + surgery + transplant, heart, control = tight)
for (w in c("n", "S", "S/G", "n/G2", "I")) {
  out[[paste0("lung_", w)]] <- dump(concordance(f, timewt = w))
  # before 3.6-5 S and I crash on (start, stop] data
  if (w == "n" || (w %in% c("S", "I") && packageVersion("survival") >= "3.6.5")) out[[paste0("heart_", w)]] <- dump(concordance(h, timewt = w))
}
out$lung_ymax600 <- dump(concordance(f, ymax = 600))
out$lung_strata_sex <- dump(concordance(Surv(time, status) ~ age + strata(sex), d), cvar = TRUE)
out$lung_weights <- dump(concordance(Surv(time, status) ~ age, d, weights = 1 + d$age %% 3), cvar = TRUE)
out$lung_reverse <- dump(concordance(Surv(time, status) ~ age, d, reverse = TRUE), cvar = TRUE)
out$heart_cluster <- dump(concordance(Surv(start, stop, event) ~ age, heart, cluster = id), cvar = TRUE)
out$lung_influence <- I(plain(concordance(f, influence = 1)$dfbeta))
a <- concordance(f, coxph(Surv(time, status) ~ age, d), coxph(Surv(time, status) ~ ph.ecog, d))
out$compare3 <- list(concordance = I(plain(a$concordance)), var = matrix_rows(a$var))
out$versions <- list(R = paste(R.version$major, R.version$minor, sep = "."), survival = as.character(packageVersion("survival")))
writeLines(toJSON(out, auto_unbox = TRUE, digits = I(17), na = "null", pretty = FALSE), out_file)
