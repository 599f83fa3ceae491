// The accounts of wire/accounts.py, each with its password from the container's environment.
const roles = {
  consumer: "readWrite",
  reader: "read",
  viewer: "read",
  operator: "readWrite",
};
for (const [user, role] of Object.entries(roles)) {
  const pwd = process.env["MONGO_PASSWORD_" + user.toUpperCase()];
  db.getSiblingDB("admin").createUser({ user, pwd, roles: [{ role, db: "controlroom" }] });
}
