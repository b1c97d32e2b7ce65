# Hazard ratios between named profiles, several at once: rms' contrast() and plain coxph, for tests/parity/test_contrasts.py.
# Run from the repository root: Rscript tests/parity/r/contrasts.R [FILE]
suppressPackageStartupMessages({library(survival); library(rms); library(splines); library(jsonlite)})
options(digits = 17, contrasts = c("contr.treatment", "contr.poly"))
tight <- coxph.control(eps = 1e-11, iter.max = 60)
out_file <- c(commandArgs(trailingOnly = TRUE), "tests/parity/expected/contrasts.json")[1]
read <- function(name) read.csv(file.path("tests", "data", name), na.strings = "")
plain <- function(x) as.numeric(unname(x)); out <- list()

# --- rms: contrasts of its own, and of the same columns refitted on orthogonal ones to a tight tolerance -------------
p <- read("pbc_splines.csv"); p$trt <- factor(p$trt); p$sex <- factor(p$sex, c("m", "f")); dd <- datadist(p); options(datadist = "dd")
refit <- function(form) {
  f <- cph(form, data = p, x = TRUE, y = TRUE, eps = 1e-10, tol = 1e-13, iter.max = 50)
  strata <- if (is.null(f$strata)) rep(1L, nrow(p)) else f$strata
  q <- qr(scale(f$x, scale = FALSE)); Q <- qr.Q(q) * sqrt(nrow(f$x)); back <- solve(qr.R(q) / sqrt(nrow(f$x)))[order(q$pivot), ]
  g <- coxph(f$y ~ Q + strata(strata), control = tight); list(rms = f, b = drop(back %*% coef(g)), V = back %*% vcov(g) %*% t(back)) }
pairs <- function(r, a, b) { k <- contrast(r$rms, a, b); X <- k$X; grid <- expand.grid(a, stringsAsFactors = FALSE)
  list(a = as.list(grid), b = b, estimate = I(plain(X %*% r$b)), se = I(sqrt(plain(rowSums((X %*% r$V) * X)))), rms_estimate = I(plain(k$Contrast)),
       rms_se = I(plain(k$SE)), rms_lower = I(exp(plain(k$Lower))), rms_upper = I(exp(plain(k$Upper)))) }
r <- refit(Surv(time, death) ~ rcs(age, 4) + sex + rcs(bili, 5) + rcs(albumin, 3) + rcs(protime, 4))
out$additive <- list(formula = "rcs(age, 4) + sex + rcs(bili, 5) + rcs(albumin, 3) + rcs(protime, 4)", pairs = list(
  pairs(r, list(bili = c(0.3, 1.4, 5, 25)), list(bili = 1)), pairs(r, list(age = c(40, 60), sex = c("m", "f"), bili = 3), list(age = 50, sex = "f", bili = 1))))
r <- refit(Surv(time, death) ~ rcs(age, 4) * sex + rcs(bili, 4) * trt + albumin); at <- seq(30, 75, 15)
out$spline_by_factor <- list(formula = "rcs(age, 4) * sex + rcs(bili, 4) * trt + albumin", pairs = list(
  pairs(r, list(age = at, sex = "f"), list(age = 50, sex = "m")), pairs(r, list(bili = c(0.6, 3, 9), trt = c("1", "2")), list(bili = 1, trt = "1"))))
r <- refit(Surv(time, death) ~ rcs(age, 4) * rcs(bili, 3) + sex)
out$spline_by_spline <- list(formula = "rcs(age, 4) * rcs(bili, 3) + sex", pairs = list(pairs(r, list(age = c(40, 50, 60), bili = c(0.6, 1.4, 3.4)), list(age = 50, bili = 1))))
r <- refit(Surv(time, death) ~ rcs(log(bili), c(-0.5, 0.3, 1.2, 2.6)) + age + strat(sex))
out$log_spline <- list(formula = "rcs(log(bili), knots=[-0.5, 0.3, 1.2, 2.6]) + age + strata(sex)", pairs = list(pairs(r, list(bili = c(0.4, 2, 11), age = c(45, 60)), list(bili = 1, age = 50))))

# --- coxph: rows of the model's matrix at both profiles ----------------------------------------------------------------
rows <- function(f, v) model.matrix(delete.response(terms(f)), v, xlev = f$xlevels)[, names(coef(f)), drop = FALSE]
cox <- function(f, fixed, a, b) { grid <- expand.grid(a, stringsAsFactors = FALSE); whole <- function(v) { d <- fixed[rep(1, nrow(v)), , drop = FALSE]; d[names(v)] <- v; rownames(d) <- NULL; d }
  X <- sweep(rows(f, whole(grid)), 2, rows(f, whole(as.data.frame(b, stringsAsFactors = FALSE)))); e <- plain(X %*% coef(f)); s <- sqrt(plain(rowSums((X %*% vcov(f)) * X)))
  list(a = as.list(grid), b = b, estimate = I(e), se = I(s), lower = I(exp(e - qnorm(.975) * s)), upper = I(exp(e + qnorm(.975) * s)), p = I(2 * pnorm(-abs(e / s)))) }
d <- read("pbc_interactions.csv"); d$trt <- factor(d$trt); d$edema3 <- factor(d$edema, c(0, .5, 1), c("none", "treated", "despite"))
fixed <- data.frame(trt = "1", sex = "f", age = 50, edema3 = "none", lb = 0, bili = 1, albumin = 3.5)
f <- coxph(Surv(time, death) ~ trt * lb + sex * age + edema3 + albumin, d, control = tight)
out$continuous_by_factor <- list(formula = "trt * lb + sex * age + edema3 + albumin", pairs = list(
  cox(f, fixed, list(trt = "2", lb = c(0, 1, 2)), list(trt = "1", lb = 1)), cox(f, fixed, list(age = c(40, 65), sex = c("f", "m")), list(age = 50, sex = "f"))))
f <- coxph(Surv(time, death) ~ trt * edema3 + age * lb + albumin, d, control = tight)
out$factor_by_factor <- list(formula = "trt * edema3 + age * lb + albumin", pairs = list(
  cox(f, fixed, list(trt = c("1", "2"), edema3 = c("treated", "despite")), list(trt = "1", edema3 = "none")), cox(f, fixed, list(age = c(40, 60), lb = c(-1, 1, 3)), list(age = 50, lb = 0))))
f <- coxph(Surv(time, death) ~ trt + sex + lb / edema3, d, control = tight)
out$nested <- list(formula = "trt + sex + lb / edema3", pairs = list(cox(f, fixed, list(lb = c(1, 2), edema3 = c("none", "treated", "despite")), list(lb = 0, edema3 = "none"))))
f <- coxph(Surv(time, death) ~ bs(age, df = 5) * sex + ns(log(bili), 3) + poly(albumin, 2) + I(lb^2):trt, d, control = tight)
out$other_bases <- list(formula = "bs(age, df=5) * sex + ns(log(bili), 3) + poly(albumin, 2) + I(lb^2):trt", pairs = list(
  cox(f, fixed, list(age = c(35, 55, 70), sex = c("m", "f"), bili = c(0.5, 4)), list(age = 50, sex = "f", bili = 1)),
  cox(f, fixed, list(albumin = c(2.5, 4), lb = c(-0.5, 2), trt = "2"), list(albumin = 3.5, lb = 0, trt = "1"))))
v <- read("pbcseq_episodes.csv"); v$sex <- factor(v$sex, c("m", "f")); fixed <- data.frame(sex = "m", age = 50, bili = 1, albumin = 3.5)
for (ties in c("breslow", "efron")) { robust <- ties == "efron"
  f <- if (robust) coxph(Surv(tstart, tstop, d) ~ log(bili) * sex + age + albumin, v, cluster = id, control = tight) else coxph(Surv(tstart, tstop, d) ~ log(bili) * sex + age + albumin, v, ties = "breslow", control = tight)
  out[[paste0("visits_", ties)]] <- list(formula = "log(bili) * sex + age + albumin", pairs = list(cox(f, fixed, list(bili = c(0.5, 4, 16), sex = c("m", "f")), list(bili = 1, sex = "m")))) }
out$versions <- list(R = paste(R.version$major, R.version$minor, sep = "."), survival = as.character(packageVersion("survival")), rms = as.character(packageVersion("rms")))
writeLines(toJSON(out, auto_unbox = TRUE, digits = I(17), na = "null", pretty = FALSE), out_file)
