// The one exception type for what users and the world do wrong. Its text always names the input,
// the value found, what is allowed and the mend. Assertions are for our own faults.
#pragma once

#include <exception>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace wattline {

enum class ErrorKind {
  bad_input,  // the user gave something that cannot be used: exit code 2, HTTP 400
  not_found,  // a name, file or row does not exist: exit code 2, HTTP 404
  denied,  // permission or policy: exit code 3, HTTP 403
  world,  // disk, network, device, another program: exit code 3, HTTP 502/503
  unsupported,  // understood, but not possible in this build or on this machine: exit code 3, HTTP 501
  cancelled,  // the user asked to stop: exit code 130
};

class Error : public std::exception {
 public:
  // `message`: what is wrong with which value and what is allowed. `where`: file:row, field or URL.
  // `hint`: what to do about it. Where and hint may be empty.
  Error(ErrorKind kind, std::string message, std::string where = {}, std::string hint = {});

  ErrorKind kind() const { return kind_; }
  const std::string& message() const { return message_; }
  const std::string& where() const { return where_; }
  const std::string& hint() const { return hint_; }
  const char* what() const noexcept override { return text_.c_str(); }

  // The same error, told from further out: `where` is put before the present place.
  Error at(std::string_view outer_where) const;

 private:
  ErrorKind kind_;
  std::string message_, where_, hint_, text_;
};

std::string_view to_string(ErrorKind);
int exit_code(ErrorKind);

Error bad_input(std::string message, std::string where = {}, std::string hint = {});
Error world_error(std::string message, std::string where = {}, std::string hint = {});
// "cannot open X: No such file or directory": takes errno.
Error errno_error(std::string_view action, std::string_view path, int errno_value);

// The up to `limit` known names nearest to `name` (edit distance, prefix and word matches first).
std::vector<std::string> nearest(std::string_view name, std::span<const std::string> known, std::size_t limit = 3);
// "unknown place 'Frnce'; did you mean 'France', ...?"
Error unknown_name(std::string_view what, std::string_view name, std::span<const std::string> known,
                   std::string list_command = {});

}  // namespace wattline
