# Columns of R's bs, ns and poly, and curves and tests of models that hold them, for tests/parity/test_bases.py.
# Run from the repository root: Rscript tests/parity/r/bases.R [FILE]
suppressPackageStartupMessages({library(survival); library(splines); library(jsonlite)})
options(digits = 17, contrasts = c("contr.treatment", "contr.poly"))
tight <- coxph.control(eps = 1e-11, iter.max = 60)
out_file <- c(commandArgs(trailingOnly = TRUE), "tests/parity/expected/bases.json")[1]
d <- read.csv("tests/data/pbc_interactions.csv"); d$sex <- factor(d$sex, levels = c("m", "f"))
calls <- c("bs(age)", "bs(age, df = 5)", "bs(age, 6, degree = 2)", "bs(age, df = 4, degree = 1)", "bs(bili, knots = c(1, 3), degree = 2)",
  "bs(age, knots = c(45, 60), Boundary.knots = c(20, 90))", "bs(log(bili), df = 4)", "ns(age)", "ns(age, 3)", "ns(bili, df = 4)",
  "ns(bili, knots = c(1, 3, 6), Boundary.knots = c(0.5, 20))", "poly(age, 3)", "poly(log(bili), 2)", "poly(age, 3, raw = TRUE)")
new <- data.frame(age = c(27, 35.5, 44, 51.25, 63, 70, 78), bili = c(0.3, 0.7, 1.2, 2.9, 6.5, 14, 27))
columns <- lapply(calls, function(f) {
  t <- terms(as.formula(paste("~", f))); m <- model.frame(t, d)
  x <- model.matrix(attr(m, "terms"), m)[, -1, drop = FALSE]
  at <- model.matrix(delete.response(attr(m, "terms")), model.frame(attr(m, "terms"), new))[, -1, drop = FALSE]
  list(formula = f, sums = I(unname(colSums(x))), squares = I(unname(colSums(x^2))), at = unname(at)) })

# A curve by sex: log hazard ratios from the coefficients on their columns; nonlinear tests from the same model written
# as x and all columns but one, where "straight" is that the others' coefficients are zero.
wald <- function(b, V, L) { e <- L %*% b; q <- drop(t(e) %*% solve(L %*% V %*% t(L), e)); list(chi2 = q, df = nrow(L), p = pchisq(q, nrow(L), lower.tail = FALSE)) }
curves <- lapply(c("bs(age, df = 5)", "bs(age, df = 4, degree = 1)", "ns(age, df = 3)", "poly(age, 3)", "poly(age, 2, raw = TRUE)"), function(f) {
  t <- terms(as.formula(paste("~", f))); m <- model.frame(t, d); X <- model.matrix(attr(m, "terms"), m)[, -1, drop = FALSE]; k <- ncol(X)
  at <- seq(30, 75, 5); ref <- 50
  rows <- function(v) model.matrix(attr(m, "terms"), model.frame(attr(m, "terms"), data.frame(age = v)))[, -1, drop = FALSE]
  D <- sweep(rows(at), 2, rows(ref)); female <- as.numeric(d$sex == "f")
  g <- coxph(Surv(time, death) ~ X + female + X:female + albumin, d, control = tight); n <- names(coef(g))
  main <- seq_len(k); inter <- grep(":", n); L <- function(i) diag(length(n))[i, , drop = FALSE]; b <- coef(g); V <- vcov(g)
  line <- function(W) list(log_hr = as.numeric(W %*% b), se = sqrt(as.numeric(rowSums((W %*% V) * W))))
  Z <- matrix(0, length(at), length(n)); m_ <- Z; m_[, main] <- D; f_ <- m_; f_[, inter] <- D
  U <- cbind(d$age, X[, -1, drop = FALSE]); h <- coxph(Surv(time, death) ~ U + female + U:female + albumin, d, control = tight)
  stopifnot(abs(h$loglik[2] - g$loglik[2]) < 1e-8); bu <- coef(h); Vu <- vcov(h)
  list(formula = f, age = at, loglik = I(g$loglik[2]), m = line(m_), f = line(f_), tests = list(
    overall_m = wald(b, V, L(main)), overall_f = wald(b, V, L(main) + L(inter)), overall = wald(b, V, L(c(main, inter))), interaction = wald(b, V, L(inter)),
    nonlinear_m = wald(bu, Vu, L(main[-1])), nonlinear_f = wald(bu, Vu, L(main[-1]) + L(inter[-1])),
    nonlinear = wald(bu, Vu, L(c(main[-1], inter[-1]))), "nonlinear interaction" = wald(bu, Vu, L(inter[-1])))) })
out <- list(columns = columns, curves = curves, versions = list(R = paste(R.version$major, R.version$minor, sep = "."), survival = as.character(packageVersion("survival"))))
writeLines(toJSON(out, auto_unbox = TRUE, digits = I(17), pretty = FALSE), out_file)
