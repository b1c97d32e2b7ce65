# Residuals and exact ties by R's survival, for tests/parity/test_residuals.py.
# Run from the repository root: Rscript tests/parity/r/residuals.R [FILE]
suppressPackageStartupMessages({library(survival); library(jsonlite)})
options(digits = 17, contrasts = c("contr.treatment", "contr.poly"))
out_file <- c(commandArgs(trailingOnly = TRUE), "tests/parity/expected/residuals.json")[1]
read <- function(name) read.csv(file.path("tests", "data", name), na.strings = "", check.names = FALSE)
plain <- function(x) as.numeric(unname(x))
matrix_rows <- function(m) lapply(seq_len(nrow(m)), function(i) I(plain(m[i, ])))
values <- function(r) if (is.matrix(r)) matrix_rows(r) else I(plain(r))
tight <- coxph.control(eps = 1e-11, iter.max = 60)
ALL <- c("martingale", "deviance", "score", "schoenfeld", "scaledsch", "dfbeta", "dfbetas")
res <- function(f, types = ALL, ...) setNames(lapply(types, function(t) values(residuals(f, type = t, ...))), types)
out <- list()
lung <- read("lung.csv"); d <- lung[complete.cases(lung[, c("time", "status", "age", "sex", "ph.ecog")]), ]
three <- Surv(time, status) ~ age + sex + ph.ecog
for (t in c("efron", "breslow")) out[[paste0("lung_", t)]] <- res(coxph(three, d, ties = t, control = tight))
heart <- read("heart.csv"); heart$transplant <- factor(heart$transplant)
product <- Surv(start, stop, event) ~ (age + surgery) * transplant
for (t in c("efron", "breslow")) {
  f <- coxph(product, heart, ties = t, control = tight)
  out[[paste0("heart_", t)]] <- c(res(f), list(martingale_by_person = values(residuals(f, "martingale", collapse = heart$id))))
}
f <- coxph(Surv(start, stop, event) ~ age + year + surgery + transplant, heart, cluster = id, control = tight)
out$heart_cluster <- list(dfbeta_by_person = values(unname(residuals(f, "dfbeta", collapse = heart$id))))
out$heart_strata <- res(coxph(Surv(start, stop, event) ~ age + year + strata(transplant), heart, control = tight))
# exact ties: in R the fit of (start, stop] rows has no class
exact <- function(f) {
  class(f) <- "coxph"
  list(coef = I(plain(coef(f))), vcov = matrix_rows(vcov(f)), loglik = I(plain(f$loglik)), score = I(plain(f$score)))
}
f <- coxph(three, d, ties = "exact", control = tight)
out$lung_exact <- c(exact(f), list(martingale = values(residuals(f))))
out$heart_exact <- exact(coxph(product, heart, ties = "exact", control = tight))

# weights, strata, offset, clusters
w <- lung[complete.cases(lung[, c("inst", "age", "ph.ecog", "wt.loss")]), ]
w$w1 <- 1 + (w$age %% 3); w$w2 <- round(0.25 + w$wt.loss^2 / 400 + w$age / 80, 4)
for (v in c("w1", "w2")) for (t in c("efron", "breslow")) {
  w$W <- w[[v]]; f <- coxph(three, w, weights = W, ties = t, robust = FALSE, control = tight)
  out[[paste("weights", v, t, sep = "_")]] <- res(f)
  out[[paste("weights", v, t, "weighted", sep = "_")]] <- res(f, c("martingale", "score", "dfbeta"), weighted = TRUE)
}
out$strata_inst <- res(coxph(Surv(time, status) ~ age + ph.ecog + strata(inst), w, control = tight))
out$offset <- res(coxph(Surv(time, status) ~ age + offset(0.3 * ph.ecog) + sex, w, control = tight), "martingale")
out$offset_alone <- list(martingale = values(residuals(coxph(Surv(time, status) ~ offset(0.02 * age), w))))
rats <- read("rats.csv"); fr <- rats[rats$sex == "f", ]
f <- coxph(Surv(time, status) ~ rx, fr, cluster = litter, ties = "breslow", control = tight)
out$rats <- list(dfbeta_by_litter = values(residuals(f, "dfbeta", collapse = fr$litter)))

# Therneau & Grambsch (2000), appendix E
t1 <- data.frame(time = c(9, 1, 1, 6, 6, 8), status = c(1, 1, 0, 1, 1, 0), x = c(0, 1, 1, 1, 0, 0))
t2 <- data.frame(start = c(1, 2, 5, 2, 1, 7, 3, 4, 8, 8), stop = c(2, 3, 6, 7, 8, 9, 9, 9, 14, 17),
                 event = c(1, 1, 1, 1, 1, 1, 1, 0, 0, 0), x = c(1, 0, 0, 1, 0, 1, 1, 1, 0, 0))
for (t in c("efron", "breslow")) {
  out[[paste0("test1_", t)]] <- res(coxph(Surv(time, status) ~ x, t1, ties = t, control = tight))
  out[[paste0("test2_", t)]] <- res(coxph(Surv(start, stop, event) ~ x, t2, ties = t, control = tight))
  f0 <- coxph(Surv(time, status) ~ x, t1, ties = t, iter.max = 0)
  out[[paste0("test1_", t, "_at_zero")]] <- res(f0, c("martingale", "score", "schoenfeld"))
}
out$versions <- list(R = as.character(getRversion()), survival = as.character(packageVersion("survival")))
write_json(out, out_file, digits = I(17), auto_unbox = TRUE, na = "null")
