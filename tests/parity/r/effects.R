# Effect modification and hazard-ratio curves by R, for tests/parity/test_effects.py.
# Run from the repository root: Rscript tests/parity/r/effects.R
# Splines are refitted by coxph at a tight tolerance on the columns of rms' design, because cph itself iterates to less.
suppressPackageStartupMessages({library(survival); library(rms); library(jsonlite)})
options(digits = 17, contrasts = c("contr.treatment", "contr.poly"))
tight <- coxph.control(eps = 1e-11, iter.max = 60)
out_file <- c(commandArgs(trailingOnly = TRUE), "tests/parity/expected/effects.json")[1]
read <- function(name) read.csv(file.path("tests", "data", name), na.strings = "")
plain <- function(x) as.numeric(unname(x))
out <- list()

contrast_of <- function(b, V, w) { e <- sum(w * b); s <- sqrt(drop(w %*% V %*% w))
  list(estimate = e, std_error = s, lower = exp(e - qnorm(.975) * s), upper = exp(e + qnorm(.975) * s), p = 2 * pnorm(-abs(e / s))) }
# profile likelihood of c'b by plain refits: b_j = (psi - sum of the others) / c_j, psi held in the offset
profile_of <- function(Y, X, c, b, V, best) {
  j <- which(c != 0)[1]; rest <- X[, -j, drop = FALSE] - outer(X[, j], c[-j] / c[j])
  at <- function(psi) coxph(Y ~ rest + offset(psi * X[, j] / c[j]), control = tight)$loglik[2]
  e <- sum(c * b); s <- sqrt(drop(c %*% V %*% c)); goal <- function(psi) 2 * (best - at(psi)) - qchisq(.95, 1)
  chi2 <- 2 * (best - at(0))
  list(chi2 = chi2, p = pchisq(chi2, 1, lower.tail = FALSE),
       lower = exp(uniroot(goal, e + c(-6, -.5) * s, tol = 1e-11, extendInt = "yes")$root),
       upper = exp(uniroot(goal, e + c(.5, 6) * s, tol = 1e-11, extendInt = "yes")$root)) }
wald_of <- function(b, V, i) { q <- drop(b[i] %*% solve(V[i, i], b[i], tol = 1e-30)); list(chi2 = q, df = length(i), p = pchisq(q, length(i), lower.tail = FALSE)) }

# --- two categorical variables, three levels of the modifier -------------------------------------------------
d <- read("pbc_interactions.csv"); d$trt <- factor(d$trt); d$edema3 <- factor(d$edema, c(0, .5, 1), c("none", "treated", "despite"))
f <- coxph(Surv(time, death) ~ trt * edema3 + age * lb + albumin, d, control = tight)
b <- coef(f); V <- vcov(f); X <- model.matrix(f); n <- names(b); Y <- Surv(d$time, d$death)
w <- function(...) { v <- setNames(rep(0, length(b)), n); a <- c(...); v[names(a)] <- a; v }
vectors <- list(
  "trt 2 in none" = w(trt2 = 1), "trt 2 in treated" = w(trt2 = 1, "trt2:edema3treated" = 1), "trt 2 in despite" = w(trt2 = 1, "trt2:edema3despite" = 1),
  "treated in trt 1" = w(edema3treated = 1), "despite in trt 1" = w(edema3despite = 1),
  "treated in trt 2" = w(edema3treated = 1, "trt2:edema3treated" = 1), "despite in trt 2" = w(edema3despite = 1, "trt2:edema3despite" = 1),
  "ratio treated" = w("trt2:edema3treated" = 1), "ratio despite" = w("trt2:edema3despite" = 1),
  "ratio despite against treated" = w("trt2:edema3despite" = 1, "trt2:edema3treated" = -1))
out$categories <- list(wald = lapply(vectors, function(v) contrast_of(b, V, v)),
                       profile = lapply(vectors, function(v) profile_of(Y, X, v, b, V, f$loglik[2])))
i <- grep("trt2:", n); without <- coxph(Surv(time, death) ~ trt + edema3 + age * lb + albumin, d, control = tight)
chi2 <- 2 * (f$loglik[2] - without$loglik[2])
out$categories$joint <- list(wald = wald_of(b, V, i), lr = list(chi2 = chi2, df = 2, p = pchisq(chi2, 2, lower.tail = FALSE)))
g <- aggregate(cbind(n = 1, death, time) ~ edema3 + trt, d, sum)
out$categories$cells <- list(persons = g$n, events = g$death, person_time = g$time)
out$categories$common_reference <- list(
  estimate = c(0, b["edema3treated"], b["edema3despite"], b["trt2"], b["trt2"] + b["edema3treated"] + b["trt2:edema3treated"], b["trt2"] + b["edema3despite"] + b["trt2:edema3despite"]))

# --- robust variance on (start, stop] rows ---------------------------------------------------------------------
h <- read("heart.csv"); f <- coxph(Surv(start, stop, event) ~ surgery * transplant + age, h, cluster = id, control = tight)
b <- coef(f); V <- vcov(f); n <- names(b)
out$robust <- list("surgery in 0" = contrast_of(b, V, w(surgery = 1)), "surgery in 1" = contrast_of(b, V, w(surgery = 1, "surgery:transplant" = 1)),
                   "ratio" = contrast_of(b, V, w("surgery:transplant" = 1)))

# --- linear exposure by a factor --------------------------------------------------------------------------------
f <- coxph(Surv(time, death) ~ trt * lb + sex * age + edema3 + albumin, d, control = tight)
b <- coef(f); V <- vcov(f); n <- names(b); at <- c(-1, 0, 0.5, 2, 3)
line <- function(v) { e <- at * sum(v * b); s <- abs(at) * sqrt(drop(v %*% V %*% v)); list(x = at, log_hr = e, se = s) }
out$linear <- list("1" = line(w(lb = 1)), "2" = line(w(lb = 1, "trt2:lb" = 1)),
                   tests = list(overall_1 = wald_of(b, V, which(n == "lb")), interaction = wald_of(b, V, which(n == "trt2:lb")),
                                overall = wald_of(b, V, which(n %in% c("lb", "trt2:lb")))))

# --- restricted cubic splines --------------------------------------------------------------------------------------
p <- read("pbc_splines.csv"); p$trt <- factor(p$trt); p$sex <- factor(p$sex, c("m", "f"))
dd <- datadist(p); options(datadist = "dd")
refit <- function(form) {
  f <- cph(form, data = p, x = TRUE, y = TRUE, eps = 1e-10, tol = 1e-13, iter.max = 50)
  strata <- if (is.null(f$strata)) rep(1L, nrow(p)) else f$strata
  # Orthogonal columns first: on the basis itself coxph's variance moves by 5e-7 with its tolerance.
  q <- qr(scale(f$x, scale = FALSE)); Q <- qr.Q(q) * sqrt(nrow(f$x)); back <- solve(qr.R(q) / sqrt(nrow(f$x)))[order(q$pivot), ]
  g <- coxph(f$y ~ Q + strata(strata), control = tight); list(rms = f, b = drop(back %*% coef(g)), V = back %*% vcov(g) %*% t(back)) }
curve <- function(r, a, ref) { k <- contrast(r$rms, a, ref); X <- k$X
  list(log_hr = plain(X %*% r$b), se = sqrt(plain(rowSums((X %*% r$V) * X))), rms_log_hr = plain(k$Contrast), rms_se = plain(k$SE)) }
tests <- function(r, rows) { a <- anova(r$rms); which <- attr(a, "which"); names <- trimws(rownames(a))
  lapply(rows, function(k) c(wald_of(r$b, r$V, as.integer(which[[k]])), list(rms_chi2 = a[k, 1], rms_name = names[k]))) }
r <- refit(Surv(time, death) ~ rcs(age, 4) * sex + rcs(bili, 4) * trt + albumin); ages <- seq(30, 75, 5)
a <- trimws(rownames(anova(r$rms)))
age <- which(a == "age  (Factor+Higher Order Factors)"); bili <- which(a == "bili  (Factor+Higher Order Factors)")
k <- which(a == "age * sex  (Factor+Higher Order Factors)"); kb <- which(a == "bili * trt  (Factor+Higher Order Factors)")
out$spline_by_factor <- list(ages = ages, knots_age = r$rms$Design$parms$age, knots_bili = r$rms$Design$parms$bili,
  age_m = curve(r, list(age = ages, sex = "m"), list(age = 50, sex = "m")), age_f = curve(r, list(age = ages, sex = "f"), list(age = 50, sex = "f")),
  # within the reference stratum the spline's own columns; within the other, sums with the interaction's columns
  overall_m = wald_of(r$b, r$V, 1:3), nonlinear_m = wald_of(r$b, r$V, 2:3),
  overall_f = { L <- cbind(diag(3), matrix(0, 3, 6), diag(3), matrix(0, 3, 3)); e <- L %*% r$b; q <- drop(t(e) %*% solve(L %*% r$V %*% t(L), e)); list(chi2 = q, df = 3, p = pchisq(q, 3, lower.tail = FALSE)) },
  age = setNames(tests(r, c(age, age + 2, k, k + 1)), c("overall", "nonlinear", "interaction", "nonlinear interaction")),
  bili = setNames(tests(r, c(bili, bili + 2, kb, kb + 1)), c("overall", "nonlinear", "interaction", "nonlinear interaction")))
r <- refit(Surv(time, death) ~ rcs(age, 4) + sex + rcs(bili, 5) + rcs(albumin, 3) + rcs(protime, 4)); at <- c(0.3, 0.5, 1, 1.4, 2, 3.4, 5, 8, 14, 25)
i <- which(trimws(rownames(anova(r$rms))) == "bili")
out$additive <- c(list(bili = at, knots = r$rms$Design$parms$bili, tests = setNames(tests(r, c(i, i + 1)), c("overall", "nonlinear"))), curve(r, list(bili = at), list(bili = 1)))
r <- refit(Surv(time, death) ~ rcs(log(bili), c(-0.5, 0.3, 1.2, 2.6)) + age + strat(sex))
out$log_spline <- c(list(bili = at, tests = setNames(tests(r, 1:2), c("overall", "nonlinear"))), curve(r, list(bili = at, sex = "f"), list(bili = 1, sex = "f")))

# --- splines on (start, stop] rows, with the variance that persons cluster ------------------------------------------------
v <- read("pbcseq_episodes.csv"); v$sex <- factor(v$sex, c("m", "f")); dd <- datadist(v)
f <- cph(Surv(tstart, tstop, d) ~ rcs(bili, c(0.5, 0.9, 2.5, 15.57)) * sex + rcs(albumin, c(2.48, 3.28, 3.6, 4.127)) + age, data = v, x = TRUE, y = TRUE, eps = 1e-10, tol = 1e-13, iter.max = 50)
q <- qr(scale(f$x, scale = FALSE)); Q <- qr.Q(q) * sqrt(nrow(f$x)); back <- solve(qr.R(q) / sqrt(nrow(f$x)))[order(q$pivot), ]
g <- coxph(f$y ~ Q, cluster = v$id, control = tight); fitted <- function(V) list(rms = f, b = drop(back %*% coef(g)), V = back %*% V %*% t(back))
at <- c(0.5, 1, 2, 4, 8, 16); a <- trimws(rownames(anova(f)))
i <- which(a == "bili  (Factor+Higher Order Factors)"); k <- which(a == "bili * sex  (Factor+Higher Order Factors)")
within <- function(r, s) { X <- contrast(f, list(bili = at, sex = s), list(bili = 1, sex = s))$X; list(log_hr = plain(X %*% r$b), se = sqrt(plain(rowSums((X %*% r$V) * X)))) }
both <- list(model = fitted(g$naive.var), robust = fitted(g$var))
out$visits <- c(list(bili = at), lapply(both, function(r) list(m = within(r, "m"), f = within(r, "f"),
  tests = lapply(setNames(c(i, i + 2, k, k + 1), c("overall", "nonlinear", "interaction", "nonlinear interaction")), function(j) wald_of(r$b, r$V, as.integer(attr(anova(f), "which")[[j]]))))))

out$versions <- list(R = paste(R.version$major, R.version$minor, sep = "."), survival = as.character(packageVersion("survival")), rms = as.character(packageVersion("rms")))
writeLines(toJSON(out, auto_unbox = TRUE, digits = I(17), na = "null", pretty = FALSE), out_file)
