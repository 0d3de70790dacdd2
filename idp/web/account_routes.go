package web

func (s *server) accountRoutes() []route {
	return []route{
		get(pathHome, s.mine(s.home)),
		get(pathProfile, s.mine(s.profile)),
		post(pathProfile, s.mine(s.saveProfile)),
		get(pathSecurity, s.mine(s.security)),
		get(pathPassword, s.mine(s.passwordForm)),
		post(pathPassword, s.mine(s.changePassword)),
		get(pathPasskeys, s.mine(s.passkeys)),
		get(pathPasskeys+"/new", s.mine(s.addPasskeyPage)),
		post(pathPasskeys+"/new", s.mine(s.addPasskey)),
		get(pathOnePasskey+"/rename", s.mine(s.renamePasskeyPage)),
		post(pathOnePasskey+"/rename", s.mine(s.renamePasskey)),
		get(pathOnePasskey+"/remove", s.mine(s.removePasskeyPage)),
		post(pathOnePasskey+"/remove", s.mine(s.removePasskey)),
		get(pathActivity, s.mine(s.activity)),
		post(pathActivity, s.mine(s.endSessions)),
		get(pathSecure, s.mine(s.secure)),
	}
}

func (s *server) twoStepRoutes() []route {
	return []route{
		get(pathTwoStep, s.mine(s.twoStep)),
		get("/a/settings/approval", s.mine(s.twoStep)), // S-017
		get(pathOff, s.mine(s.turnOffPage)),
		post(pathOff, s.mine(s.turnOff)),
		get(pathOn, s.mine(s.turnOnPage)),
		post(pathOn, s.mine(s.turnOn)),
		get(pathMethods+"/remove", s.mine(s.removeMethodPage)),
		post(pathMethods+"/remove", s.mine(s.removeMethod)),
		get(pathMethods+"/name", s.mine(s.nameMethodPage)),
		post(pathMethods+"/name", s.mine(s.nameMethod)),
		get(pathCodes, s.mine(s.codes)),
		post(pathCodes, s.mine(s.changeCodes)),
		get(pathCodesFile, s.mine(s.codesFile)),
		get(pathDevices, s.mine(s.devices)),
		post(pathDevices, s.mine(s.forgetDevices)),
	}
}

func (s *server) setupRoutes() []route {
	return []route{
		get(pathSetup+"/start", s.mine(s.readyToSetUp)),
		post(pathSetup+"/start", s.startSetup),
		post(pathSetup+"/discard", s.discardSetup),
		get(pathSetupMail, s.setupMail),
		post(pathSetupMail, s.submitSetupMail),
		get(pathPrimary, s.setupPage(1)),
		post(pathPrimary, s.setupMethod(1)),
		get(pathBackup, s.setupPage(2)),
		post(pathBackup, s.setupMethod(2)),
		get(pathFinish, s.setupPage(3)),
		post(pathFinish, s.finishSetup),
		get(pathSetupDone, s.mine(s.setupDone)),
	}
}
