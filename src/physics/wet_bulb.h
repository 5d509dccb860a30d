// Wet bulb temperature from dry bulb and relative humidity. Pure: no input or output.
//
//   Stull (2011), as arXiv 2412.03716 writes it, with 0.152 where Stull has 0.151977; sea level:
//     Tw = T atan(0.152 sqrt(RH + 8.313659)) + atan(T + RH) - atan(RH - 1.676331)
//          + 0.00391838 RH^1.5 atan(0.023101 RH) - 4.686035             [°C], RH in %
//   Psychrometric: the temperature at which adiabatic saturation at the station's pressure gives the
//   air's humidity ratio (ASHRAE Fundamentals, psychrometrics), saturation pressure over water after
//   Alduchov and Eskridge (1996).
#pragma once

namespace wattline::physics {

struct WetBulb {
  double celsius = 0;
  bool clamped = false;  // the input lay outside the formula's range and was taken as the nearest bound
};

// Stull's range: humidity 5 to 99 %, temperature -20 to 50 °C. NaN in, NaN out.
WetBulb wet_bulb_stull(double celsius, double humidity_percent);

// Any humidity of 0 to 100 % (else clamped), pressure in Pa; the result lies at or below `celsius`.
WetBulb wet_bulb_psychrometric(double celsius, double humidity_percent, double pascal);

// The humidity (%) of air with this wet bulb at sea level: the psychrometric relation the other way.
double humidity_of(double celsius, double wet_bulb_celsius, double pascal);

// Pressure (Pa) of the standard atmosphere at so many metres.
double standard_pressure(double metres);
inline constexpr double sea_level_pressure = 101325;

inline double to_fahrenheit(double celsius) { return 1.8 * celsius + 32; }
inline double to_celsius(double fahrenheit) { return (fahrenheit - 32) / 1.8; }

}  // namespace wattline::physics
