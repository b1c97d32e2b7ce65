# Cox models by R's survival, and on rms's spline bases, for tests/parity/test_cox.py.
# Run from the repository root: Rscript tests/parity/r/cox.R [FILE]
suppressPackageStartupMessages({library(survival); library(rms); library(jsonlite)})
options(digits = 17, contrasts = c("contr.treatment", "contr.poly"))
out_file <- c(commandArgs(trailingOnly = TRUE), "tests/parity/expected/cox.json")[1]
read <- function(name) read.csv(file.path("tests", "data", name), na.strings = "", check.names = FALSE)
plain <- function(x) as.numeric(unname(x))
matrix_rows <- function(m) lapply(seq_len(nrow(m)), function(i) I(plain(m[i, ])))
tight <- coxph.control(eps = 1e-11, iter.max = 60)   # R stops at 1e-9 by default, short of what is compared
dump <- function(f) {
  s <- summary(f)
  r <- list(names = I(names(coef(f))), coef = I(plain(coef(f))), vcov = matrix_rows(vcov(f)),
            loglik = I(plain(f$loglik)), score = plain(f$score), wald = plain(f$wald.test),
            likelihood_ratio = plain(s$logtest[1]), p = I(plain(s$coefficients[, ncol(s$coefficients)])))
  if (!is.null(f$naive.var)) { r$naive_vcov <- matrix_rows(f$naive.var); r$robust_score <- plain(f$rscore) }
  r
}
out <- list()

# ties, right-censored
lung <- read("lung.csv"); d <- lung[complete.cases(lung[, c("time", "status", "age", "sex", "ph.ecog")]), ]
three <- Surv(time, status) ~ age + sex + ph.ecog
for (t in c("efron", "breslow")) out[[paste0("lung_", t)]] <- dump(coxph(three, d, ties = t, control = tight))
f <- coxph(three, d); out$lung_default <- list(coef = I(plain(coef(f))), loglik = I(plain(f$loglik)))
f <- coxph(three, d, iter.max = 0); out$lung_iter0 <- list(coef = I(plain(coef(f))), loglik = I(plain(f$loglik)))
d$sex2 <- 3 - d$sex; f <- coxph(Surv(time, status) ~ age + sex + sex2 + factor(ph.ecog), d, control = tight)
out$lung_singular <- list(names = I(names(coef(f))), coef = I(plain(coef(f))), loglik = I(plain(f$loglik)),
                          vcov = matrix_rows(vcov(f, complete = TRUE)))

# counting process
heart <- read("heart.csv"); heart$transplant <- factor(heart$transplant)
for (t in c("efron", "breslow"))
  out[[paste0("heart_", t)]] <- dump(coxph(Surv(start, stop, event) ~ (age + surgery) * transplant, heart, ties = t, control = tight))
out$heart_robust <- dump(coxph(Surv(start, stop, event) ~ age + year + surgery + transplant, heart, cluster = id, control = tight))
out$heart_strata <- dump(coxph(Surv(start, stop, event) ~ age + year + strata(transplant), heart, control = tight))

# strata, weights, offset, cluster
d <- lung[complete.cases(lung[, c("inst", "age", "ph.ecog", "wt.loss")]), ]
d$w1 <- 1 + (d$age %% 3); d$w2 <- round(0.25 + d$wt.loss^2 / 400 + d$age / 80, 4)
out$strata_inst <- dump(coxph(Surv(time, status) ~ age + ph.ecog + strata(inst), d, control = tight))
out$strata_interaction <- dump(coxph(Surv(time, status) ~ age * strata(sex) + ph.ecog, d, control = tight))
out$two_strata <- dump(coxph(Surv(time, status) ~ age + strata(sex, ph.ecog), d, control = tight))
for (w in c("w1", "w2")) for (t in c("efron", "breslow")) for (r in c(FALSE, TRUE)) {
  d$W <- d[[w]]; name <- paste0("weights_", w, "_", t, if (r) "_robust" else "")
  out[[name]] <- dump(coxph(three, d, weights = W, ties = t, robust = r, control = tight)) }
out$offset <- dump(coxph(Surv(time, status) ~ age + offset(0.3 * ph.ecog) + sex, d, control = tight))
out$offset_only <- list(loglik = I(plain(coxph(Surv(time, status) ~ offset(0.02 * age), d)$loglik)))
rats <- read("rats.csv"); female <- rats[rats$sex == "f", ]
out$rats <- dump(coxph(Surv(time, status) ~ rx, female, cluster = litter, control = tight))
out$rats_breslow <- dump(coxph(Surv(time, status) ~ rx, female, cluster = litter, ties = "breslow", control = tight))
out$rats_strata <- dump(coxph(Surv(time, status) ~ rx + strata(sex), rats, cluster = litter, control = tight))

# delayed entry, and times that tie only but for rounding
m <- read("mgus2_age.csv"); m$sex <- factor(m$sex, levels = c("F", "M"))
for (t in c("efron", "breslow"))
  out[[paste0("age_months_", t)]] <- dump(coxph(Surv(entry, exit, death) ~ sex + hgb + creat, m, ties = t, control = tight))
years <- Surv(entry_y, exit_y, death) ~ sex + hgb + creat
out$age_years <- dump(coxph(years, m, control = tight))
out$age_years_no_timefix <- dump(coxph(years, m, control = coxph.control(eps = 1e-11, iter.max = 60, timefix = FALSE)))

# interactions, factors, joint tests and contrasts
p <- read("pbc_interactions.csv"); p$trt <- factor(p$trt); p$sex <- factor(p$sex, levels = c("m", "f")); p$edema3 <- factor(p$edema)
models <- list(main = Surv(time, death) ~ trt + sex + age + edema3 + lb + albumin,
  continuous_by_factor = Surv(time, death) ~ trt * lb + sex * age + edema3 + albumin,
  factor_by_factor = Surv(time, death) ~ trt * edema3 + age * lb + albumin,
  nested = Surv(time, death) ~ trt + sex + lb / edema3)
fits <- lapply(models, coxph, data = p, control = tight)
for (n in names(fits)) out[[paste0("pbc_", n)]] <- dump(fits[[n]])
a <- anova(fits$main, fits$continuous_by_factor); out$pbc_lr <- list(chisq = plain(a$Chisq[2]), df = plain(a$Df[2]))
b <- coef(fits$continuous_by_factor); V <- vcov(fits$continuous_by_factor)
contrast_of <- function(w) { L <- setNames(rep(0, length(b)), names(b)); L[names(w)] <- w
  list(estimate = sum(L * b), se = sqrt(drop(L %*% V %*% L))) }
out$pbc_lb_in_trt2 <- contrast_of(c(lb = 1, "trt2:lb" = 1)); out$pbc_trt_at_lb2 <- contrast_of(c(trt2 = 1, "trt2:lb" = 2))
g <- fits$factor_by_factor; i <- grep("edema3", names(coef(g)))
out$pbc_wald_edema <- list(names = I(names(coef(g))[i]), chisq = drop(coef(g)[i] %*% solve(vcov(g)[i, i], coef(g)[i])), df = length(i))

# restricted cubic splines: rms's knots and basis, refitted by coxph on the same columns at tight convergence
# (cph's own variance is good to 1e-6 on badly conditioned bases); rms names the columns of each test
s <- read("pbc_splines.csv"); s$sex <- factor(s$sex, levels = c("m", "f")); s$trt <- factor(s$trt)
dd <- datadist(s); options(datadist = "dd"); knots <- list()
for (v in c("age", "bili", "albumin", "protime")) for (k in 3:7) knots[[paste(v, k, sep = "_")]] <- I(plain(attr(rcspline.eval(s[[v]], nk = k), "knots")))
for (k in 3:6) knots[[paste("age_first60", k, sep = "_")]] <- I(plain(rcspline.eval(s$age[1:60], nk = k, knots.only = TRUE)))
out$knots <- knots
x <- c(20, 30, 41.7, 50, 57.3, 65, 80)
out$basis_age4 <- list(x = I(x), columns = matrix_rows(unclass(rcspline.eval(x, knots = plain(knots$age_4), inclx = TRUE, norm = 2))))
splines <- list(additive = Surv(time, death) ~ rcs(age, 4) + sex + rcs(bili, 5) + rcs(albumin, 3) + rcs(protime, 4),
  spline_by_factor = Surv(time, death) ~ rcs(age, 4) * sex + rcs(bili, 4) * trt + albumin,
  spline_by_spline = Surv(time, death) ~ rcs(age, 4) * rcs(bili, 3) + sex,
  user_knots_log_strat = Surv(time, death) ~ rcs(log(bili), c(-0.5, 0.3, 1.2, 2.6)) + age + strat(sex))
for (n in names(splines)) {
  f <- cph(splines[[n]], data = s, x = TRUE, y = TRUE, surv = TRUE, eps = 1e-10, tol = 1e-13, iter.max = 50)
  X <- f$x; Y <- f$y; st <- if (!is.null(f$strata)) f$strata else if (!is.null(f$Strata)) f$Strata else rep(1L, nrow(X))
  g <- coxph(Y ~ X + strata(st), control = tight); a <- anova(f); w <- attr(a, "which")
  wald <- lapply(w, function(i) { i <- as.integer(i); q <- coef(g)[i]
    list(positions = I(i), chisq = drop(q %*% solve(vcov(g)[i, i], q, tol = 1e-30)), df = length(i)) })
  out[[paste0("rcs_", n)]] <- list(names = I(colnames(X)), coef = I(plain(coef(g))), vcov = matrix_rows(vcov(g)),
    loglik = I(plain(g$loglik)), wald = unname(wald))
}

# small enough to work by hand (Therneau & Grambsch 2000, appendix E)
t1 <- data.frame(time = c(9, 1, 1, 6, 6, 8), status = c(1, 1, 0, 1, 1, 0), x = c(0, 1, 1, 1, 0, 0))
t2 <- data.frame(start = c(1, 2, 5, 2, 1, 7, 3, 4, 8, 8), stop = c(2, 3, 6, 7, 8, 9, 9, 9, 14, 17), event = c(1, 1, 1, 1, 1, 1, 1, 0, 0, 0), x = c(1, 0, 0, 1, 0, 1, 1, 1, 0, 0))
for (t in c("breslow", "efron")) {
  out[[paste0("test1_", t)]] <- dump(coxph(Surv(time, status) ~ x, t1, ties = t, control = tight))
  out[[paste0("test2_", t)]] <- dump(coxph(Surv(start, stop, event) ~ x, t2, ties = t, control = tight)) }
out$versions <- list(R = paste(R.version$major, R.version$minor, sep = "."), survival = as.character(packageVersion("survival")), rms = as.character(packageVersion("rms")))
writeLines(toJSON(out, auto_unbox = TRUE, digits = I(17), na = "null", pretty = FALSE), out_file)
