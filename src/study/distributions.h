// Distribution functions, p-values and quantiles; the one place where Boost.Math is included.
// Tails are computed as tails, so that small p-values keep their digits. NaN in, NaN out.
#pragma once

namespace wattline::study {

double normal_cdf(double z);
double normal_quantile(double p);  // p in (0, 1)
double t_cdf(double t, double df);
double t_two_sided(double t, double df);  // P(|T| >= |t|)
double t_upper(double t, double df);  // P(T >= t)
double t_quantile(double p, double df);
double f_upper(double f, double df1, double df2);
double chi_squared_upper(double x, double df);
double noncentral_t_cdf(double t, double df, double noncentrality);

// P(Q <= q) of the studentized range of k normal means with v degrees of freedom, by quadrature of
// its double integral (as in Copenhaver and Holland, J. Stat. Comput. Simul. 30, 1988); good to 1e-9
// and better.
double studentized_range_cdf(double q, int k, double v);
double studentized_range_quantile(double p, int k, double v);

}  // namespace wattline::study
