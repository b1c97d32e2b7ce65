# Tests of terms and of nested models by R's survival, for tests/parity/test_anova.py.
# Run from the repository root: Rscript tests/parity/r/anova.R [FILE]
suppressPackageStartupMessages({library(survival); library(jsonlite)})
options(digits = 17, contrasts = c("contr.treatment", "contr.poly"))
out_file <- c(commandArgs(trailingOnly = TRUE), "tests/parity/expected/anova.json")[1]
read <- function(name) read.csv(file.path("tests", "data", name), na.strings = "", check.names = FALSE)
plain <- function(x) as.numeric(unname(x))
tight <- coxph.control(eps = 1e-11, iter.max = 60)
table_of <- function(a) list(loglik = I(plain(a$loglik)), chisq = I(plain(a$Chisq)), df = I(plain(a$Df)), p = I(plain(a[[ncol(a)]])))
out <- list()
lung <- read("lung.csv"); d <- lung[complete.cases(lung[, c("time", "status", "age", "sex", "ph.ecog")]), ]
f <- coxph(Surv(time, status) ~ age + sex + ph.ecog, d, control = tight)
out$lung_sequential <- table_of(anova(f))
out$lung_two_models <- table_of(anova(coxph(Surv(time, status) ~ age, d, control = tight), f))
p <- read("pbc_interactions.csv"); p$trt <- factor(p$trt); p$sex <- factor(p$sex, levels = c("m", "f")); p$edema3 <- factor(p$edema)
f0 <- coxph(Surv(time, death) ~ trt + sex + age + edema3 + lb + albumin, p, control = tight)
f1 <- coxph(Surv(time, death) ~ trt * lb + sex * age + edema3 + albumin, p, control = tight)
out$pbc_sequential <- table_of(anova(f1))
out$pbc_two_models <- table_of(anova(f0, f1))
drop <- function(f) { a <- drop1(f, test = "Chisq"); list(terms = I(rownames(a)), df = I(plain(a$Df)), aic = I(plain(a$AIC)), chisq = I(plain(a$LRT)), p = I(plain(a[[ncol(a)]]))) }
out$pbc_drop1 <- drop(f0)
out$pbc_drop1_interactions <- drop(f1)
out$versions <- list(R = paste(R.version$major, R.version$minor, sep = "."), survival = as.character(packageVersion("survival")))
writeLines(toJSON(out, auto_unbox = TRUE, digits = I(17), na = "null", pretty = FALSE), out_file)
