# Tests that disjoint subgroups share their hazard ratios, by R, for tests/parity/test_heterogeneity.py: Wald's tests of
# the interactions in one model that is stratified by the subgroup and holds its product with every term.
# Run from the repository root: Rscript tests/parity/r/heterogeneity.R
suppressPackageStartupMessages({library(survival); library(jsonlite)})
options(digits = 17)
tight <- coxph.control(eps = 1e-11, iter.max = 60)
out_file <- c(commandArgs(trailingOnly = TRUE), "tests/parity/expected/heterogeneity.json")[1]
read <- function(name) read.csv(file.path("tests", "data", name), na.strings = "")
wald <- function(f, L) { b <- L %*% coef(f); V <- L %*% vcov(f) %*% t(L); q <- drop(t(b) %*% solve(V, b))
  list(chi2 = q, df = nrow(L), p = pchisq(q, nrow(L), lower.tail = FALSE)) }
# rows of a matrix that add up the named coefficients, one row for each subgroup after the first
rows <- function(f, subs, ...) { n <- names(coef(f)); t(sapply(subs, function(s) { v <- setNames(rep(0, length(n)), n); v[sprintf(c(...), s)] <- 1; v })) }
tests <- function(f, subs) { x <- rows(f, subs, "x:sub%s"); both <- rows(f, subs, "x:sub%s", "x:m:sub%s"); r <- rows(f, subs, "x:m:sub%s")
  list(in_0 = wald(f, x), in_1 = wald(f, both), ratio = wald(f, r), joint = wald(f, rbind(x, both))) }

# --- three subgroups, a modifier, covariates that are free in each ---------------------------------------------
d <- read("pbc_interactions.csv"); d$x <- as.numeric(d$trt == 2); d$m <- as.numeric(d$lb > 1); d$sub <- factor(pmax(d$stage, 2))
product <- Surv(time, death) ~ x * m + age + albumin + sub:(x * m + age + albumin) + strata(sub)
out <- list(model_based = tests(coxph(product, d, control = tight), 3:4),
            robust = tests(coxph(product, d, control = tight, cluster = id), 3:4))

# --- (start, stop] rows of the same persons, robust --------------------------------------------------------------
h <- read("heart.csv"); h$x <- as.numeric(h$transplant); h$sub <- as.numeric(h$age > 0)
f <- coxph(Surv(start, stop, event) ~ x + age + sub:(x + age) + strata(sub), h, cluster = id, control = tight)
out$episodes <- list(x = wald(f, rows(f, "", "x:sub%s")), both = wald(f, rbind(rows(f, "", "x:sub%s"), rows(f, "", "age:sub%s"))))

out$versions <- list(R = paste(R.version$major, R.version$minor, sep = "."), survival = as.character(packageVersion("survival")))
writeLines(toJSON(out, auto_unbox = TRUE, digits = I(17), pretty = FALSE), out_file)
