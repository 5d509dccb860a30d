// Weight matrices packed for y = W x: panels of 32 rows, each panel stored column by column, so that
// one product streams memory forward and needs no horizontal sums. Rows are padded with zeros to a
// whole panel. The kernels are compiled for AVX-512, AVX2 and the baseline; the loader picks one.
#pragma once

#include <cstddef>
#include <vector>

namespace wattline::lm {

class Matrix {
 public:
  static constexpr int panel = 32;

  Matrix() = default;
  // `values` is row-major [rows][columns].
  Matrix(const float* values, int rows, int columns);

  int rows() const { return rows_; }
  int columns() const { return columns_; }
  int padded_rows() const { return (rows_ + panel - 1) / panel * panel; }

  // For each of `count` vectors x [columns] at stride `x_stride`, writes padded_rows() results at
  // stride `y_stride`. x and y do not overlap.
  void multiply(const float* x, std::size_t x_stride, float* y, std::size_t y_stride, int count = 1) const;

 private:
  int rows_ = 0, columns_ = 0;
  std::vector<float> packed_;
};

}  // namespace wattline::lm
