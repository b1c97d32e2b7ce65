# Diagnostics by R's survival and rms, and by hand from what they give, for tests/parity/test_diagnostics.py.
# Run from the repository root: Rscript tests/parity/r/diagnostics.R [FILE]
suppressPackageStartupMessages({library(survival); library(jsonlite)})
options(digits = 17, contrasts = c("contr.treatment", "contr.poly"))
out_file <- c(commandArgs(trailingOnly = TRUE), "tests/parity/expected/diagnostics.json")[1]
read <- function(name) read.csv(file.path("tests", "data", name), na.strings = "", check.names = FALSE)
plain <- function(x) as.numeric(unname(x))
matrix_rows <- function(m) lapply(seq_len(nrow(m)), function(i) I(plain(m[i, ])))
values <- function(r) if (is.matrix(r)) matrix_rows(r) else I(plain(r))
tight <- coxph.control(eps = 1e-11, iter.max = 60)
out <- list()

# Fox & Monette (1992) on the correlations of the coefficients
gvif <- function(V, own) {
  R <- cov2cor(V); det(R[own, own, drop = FALSE]) * det(R[-own, -own, drop = FALSE]) / det(R)
}
# by person: the first-order change, its length in the information, and the exact fits without the first few
influence <- function(fit, data, id, leave) {
  db <- residuals(fit, "dfbeta", collapse = id); info <- solve(fit$naive.var %||% fit$var)
  exact <- lapply(sort(unique(id))[leave], function(i) I(plain(coef(update(fit, data = data[id != i, ])))))
  list(dfbeta = values(as.matrix(db)), displacement = values(rowSums((as.matrix(db) %*% info) * as.matrix(db))),
       without = exact)
}
`%||%` <- function(a, b) if (is.null(a)) b else a
# Score test of added columns Z at the fitted coefficients, where the score of the fitted ones is zero: one
# evaluation of the wider model there. The robust one by hand from its score residuals.
added <- function(fit, data, formula, id) {
  start <- c(coef(fit), 0, 0); environment(formula) <- environment()
  wide <- coxph(formula, data, init = start, control = coxph.control(iter.max = 0), ties = fit$method)
  p <- length(coef(fit)); q <- length(start) - p; x <- seq_len(p); n <- p + seq_len(q)
  U <- rowsum(residuals(wide, "score"), id); u <- colSums(U); I <- solve(wide$var)
  each <- U[, n] - U[, x] %*% solve(I[x, x], I[x, n]); eff <- I[n, n] - I[n, x] %*% solve(I[x, x], I[x, n])
  step <- solve(eff, u[n])
  list(score = values(wide$score), by_hand = values(sum(u[n] * step)), robust = values(sum(u[n] * solve(crossprod(each), u[n]))),
       step = values(c(-solve(I[x, x], I[x, n]) %*% step, step)))
}

lung <- read("lung.csv"); lung <- lung[complete.cases(lung[, c("time", "status", "age", "sex", "ph.ecog", "wt.loss")]), ]
lung$row <- seq_len(nrow(lung)); lung$ecog <- factor(lung$ph.ecog)
for (t in c("efron", "breslow")) {
  f <- coxph(Surv(time, status) ~ age + sex + ecog + wt.loss, lung, ties = t, control = tight)
  k <- as.numeric(quantile(lung$age, c(.05, .35, .65, .95)))
  wide <- update(formula(f), ~ . + N); lung$N <- Hmisc::rcspline.eval(lung$age, knots = k, inclx = FALSE)
  out[[paste0("lung_", t)]] <- c(
    list(vif = values(rms::vif(f)), gvif = values(c(gvif(vcov(f), 1), gvif(vcov(f), 2), gvif(vcov(f), 3:5), gvif(vcov(f), 6)))),
    influence(f, lung, lung$row, c(1, 17, 120)), list(nonlinear_age = added(f, lung, wide, lung$row)))
}
heart <- read("heart.csv"); heart$both <- heart$surgery * heart$transplant # the product as a column, so that N comes last
f <- coxph(Surv(start, stop, event) ~ age + year + surgery + transplant + both, heart, control = tight)
one <- heart[!duplicated(heart$id), ]; k <- as.numeric(quantile(one$age, c(.05, .35, .65, .95)))
heart$N <- Hmisc::rcspline.eval(heart$age, knots = k, inclx = FALSE)
out$heart <- c(
  list(vif = values(rms::vif(f)), gvif = values(sapply(1:5, function(j) gvif(vcov(f), j))), block = values(gvif(vcov(f), 3:5))),
  influence(f, heart, heart$id, c(3, 40, 77)),
  list(nonlinear_age = added(f, heart, Surv(start, stop, event) ~ age + year + surgery + transplant + both + N, heart$id),
       counts = values(as.matrix(aggregate(event ~ surgery + transplant, heart, sum)))))

out$versions <- list(R = as.character(getRversion()), survival = as.character(packageVersion("survival")), rms = as.character(packageVersion("rms")))
write_json(out, out_file, digits = I(17), auto_unbox = TRUE, na = "null")
