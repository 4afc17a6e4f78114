// Azurite keeps what it is given in memory here, and loads the library of its SQL databases all the same, to extend one class of it.
// Four libraries that are never called are an empty package in the lock file: they and what they need were four fifths of all files.
const Module = require("node:module");

const load = Module._load;
Module._load = (name, ...more) => (name === "sequelize" ? { Model: class {} } : load(name, ...more));
